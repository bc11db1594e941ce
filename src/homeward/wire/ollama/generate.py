"""``/api/generate``: a text to go on with, or the words before and after a middle.

Its lines are read by `homeward.wire.ollama.Decoder`. A client's prompt is served as a chat of one
turn; what a chat has no place for (``suffix``, ``raw``) is a completion.
"""

from functools import partial
from typing import Any

from homeward.completion import Completion
from homeward.errors import Rejected
from homeward.model import ImagePart, Message, Request, TextPart
from homeward.wire.asked import Asked
from homeward.wire.fields import Fields, overlay
from homeward.wire.ollama import serving
from homeward.wire.ollama.request import (
    DIALECT,
    decode_format,
    decode_sampling,
    decode_think,
    encode_sampling,
)
from homeward.wire.parts import data_uri

# ---------------------------------------------------------------- to a runtime


def encode_request(asked: Completion, model: str, *, stream: bool = True) -> dict[str, Any]:
    """The body. Without ``raw``, Ollama puts the prompt into the model's template."""
    body: dict[str, Any] = {"model": model, "prompt": asked.prompt, "stream": stream}
    if asked.suffix is not None:
        body["suffix"] = asked.suffix
    if asked.raw:
        body["raw"] = True
    body |= encode_sampling(asked.sampling)
    return overlay(body, asked.extra) if asked.dialect in ("", DIALECT) else body


# ---------------------------------------------------------------- from a client


def decode_request(body: bytes) -> Asked:
    """What a client asks; Rejected says which field is wrong, or not served here.

    Without a prompt there are no messages: the model is to be loaded.
    """
    fields = Fields.of(body)
    model = fields.need("model", str)
    stream = fields.take("stream", bool) is not False
    prompt = fields.take("prompt", str) or ""
    suffix = fields.take("suffix", str) or None
    system = fields.take("system", str) or ""
    raw = fields.take("raw", bool) or False
    images = fields.take("images", list[str]) or []
    _refuse(fields, raw=raw, system=system)
    sampling = decode_sampling(fields)
    completion = None
    if prompt and (raw or suffix is not None):
        if images or system:
            raise Rejected("`suffix` and `raw` take no `images` and no `system`: leave those out")
        completion = Completion(prompt, suffix, sampling, raw, extra=fields.rest, dialect=DIALECT)
    request = Request(
        messages=_messages(system, prompt, images),
        response_format=decode_format(fields),
        sampling=sampling,
        effort=decode_think(fields),
        extra=fields.rest,
        dialect=DIALECT,
    )
    return Asked(model, stream, request, completion=completion)


def _refuse(fields: Fields, *, raw: bool, system: str) -> None:
    """Take what only the model's own server could understand; Rejected where something is said."""
    template = fields.take("template", str)
    context = fields.take("context", list[int])
    if raw and (template or context or system):
        raise Rejected("raw mode does not support template, system, or context")
    if context:
        raise Rejected(
            "`context` holds the tokens of another server: send the conversation to /api/chat"
        )
    if template:
        raise Rejected("`template` cannot be changed here: format the prompt, and send `raw`")


def _messages(system: str, prompt: str, images: list[str]) -> tuple[Message, ...]:
    if not prompt:
        return ()
    pictures = tuple(ImagePart(data_uri(image)) for image in images)
    asked = Message("user", (TextPart(prompt), *pictures) if pictures else prompt)
    return (Message("system", system), asked) if system else (asked,)


def in_response(said: dict[str, Any]) -> dict[str, Any]:
    """What `serving.in_message` is to a chat."""
    return {"response": said.pop("content"), **said}


Encoder = partial(serving.Encoder, place=in_response)
encode_answer = partial(serving.encode_answer, place=in_response)
encode_loaded = partial(serving.encode_loaded, place=in_response)
