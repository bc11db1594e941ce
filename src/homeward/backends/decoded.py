"""From a server's answer to events: its refusal as an error, its stream through a decoder."""

import os
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import Any, Protocol

import msgspec

from homeward.backends import egress
from homeward.backends.http import Response
from homeward.errors import Rejected
from homeward.model import Event, Finish, Stream
from homeward.wire.failures import decode_error
from homeward.wire.lines import Lines
from homeward.wire.sse import Parser

ERROR_BYTES = 1024 * 1024  # of a refusal that are read


class Decoder(Protocol):
    """As every module of `homeward.wire` has one."""

    def feed(self, data: bytes, /) -> list[Event]: ...

    def end(self) -> list[Event]: ...


def encoded(body: Mapping[str, Any]) -> bytes:
    """A request's body; Rejected for what no JSON can hold, such as half a surrogate pair."""
    try:
        return msgspec.json.encode(body)
    except (UnicodeEncodeError, OverflowError, RecursionError, TypeError) as error:
        reason = getattr(error, "reason", None) or str(error)
        raise Rejected(f"the request cannot be written as JSON ({reason}): mend its text") from None


async def accepted(response: Response, model: str) -> Response:
    """The same answer, if its status is 2xx; else the `ModelError` that it stands for."""
    if 200 <= response.status < 300:
        return response
    raise decode_error(
        response.status, await response.read(ERROR_BYTES), response.headers, model=model
    )


def from_sse(response: Response, decoder: Decoder) -> Stream:
    """Events of a stream of server-sent events; Garbled when it ends without its mark.

    Nothing is read behind the mark.
    """
    frames = Parser()
    return _events(
        response,
        decoder,
        lambda chunk: [frame.data for frame in frames.feed(chunk)],
        lambda: [frame.data for frame in frames.end()],
    )


def from_lines(response: Response, decoder: Decoder) -> Stream:
    """Events of newline-delimited JSON, as `from_sse` reads its own."""
    lines = Lines()
    return _events(response, decoder, lines.feed, lambda: list(filter(None, [lines.rest()])))


async def _events(
    response: Response,
    decoder: Decoder,
    split: Callable[[bytes], list[bytes]],
    rest: Callable[[], list[bytes]],
) -> Stream:
    """``split`` cuts chunks into the decoder's payloads, ``rest`` is what an end leaves of them."""
    async with aclosing(response.chunks()) as chunks:
        async for chunk in chunks:
            for payload in split(chunk):
                for event in decoder.feed(payload):
                    if isinstance(event, Finish):
                        await response.linger()
                        yield event
                        return
                    yield event
    for payload in rest():
        for event in decoder.feed(payload):
            yield event
    for event in decoder.end():
        yield event


def key(given: str | None, variable: str, base_url: str, own: str | None = None) -> str | None:
    """The key to send: the one given, else the environment's.

    A key that merely lay in the environment goes to the service's ``own`` address only, where it
    has one, and never over a network unencrypted: ``base_url`` may be a server that was not meant
    to get it.
    """
    if given is not None:
        return given
    origin, _ = egress.parse(base_url)
    meant = own is None or origin == egress.parse(own)[0]
    return os.environ.get(variable) if meant and egress.private(origin) else None
