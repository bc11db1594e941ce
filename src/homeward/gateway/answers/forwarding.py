"""Forwarding: a route that is one leaf of the caller's own dialect passes bytes on as they are.

Of a body only the model's name is rewritten, and a streamed chat completion is asked for its
token counts, whose frame is taken out again where the client did not want it. Of an answer
nothing is changed. What it took is read from the bytes that pass by.
"""

import asyncio
import time
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import TypeAlias

from msgspec import Raw, json

from homeward.backends.decoded import accepted
from homeward.backends.http import Response
from homeward.backends.passage import Passage
from homeward.backends.prices import afford, cost, is_charged
from homeward.errors import ModelError, Rejected
from homeward.gateway.accounting.keyring import Caller
from homeward.gateway.answers.dialects import Dialect
from homeward.gateway.answers.job import Job, Outcome, admit
from homeward.gateway.answers.marks import plain
from homeward.gateway.answers.watching import PROTOCOLS, Watch
from homeward.gateway.answers.wishes import NONE, wishes_of
from homeward.gateway.exchange import JSON, Exchange, Left
from homeward.gateway.gateway import Gateway
from homeward.gateway.routes import Route
from homeward.model import CHARACTERS_PER_TOKEN, Call, Clearance, Finish, Request, Usage
from homeward.wire.asked import Asked
from homeward.wire.fields import BAD_JSON

Find: TypeAlias = Callable[[Gateway, Caller, str], Route]

FIELDS = json.Decoder(dict[str, Raw])
TEXT = json.Decoder(str)
STREAM = json.Decoder(bool | None)
NUMBER = json.Decoder(int)
OURS = frozenset({"model", "stream"})
LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
WHERE = {each: (b"x-homeward-where", each.name.lower().encode()) for each in Clearance}
ANSWERS = ("n",)
NULL, TRUE = Raw(b"null"), Raw(b"true")
ASK_USAGE = Raw(b'{"include_usage":true}')


async def passed_on(
    gateway: Gateway, exchange: Exchange, dialect: Dialect, body: bytes, find: Find
) -> bool:
    """Pass a body on, and say whether that was done; what must be read is left to be read.

    ``find`` gives the route of a name, or raises.
    """
    if gateway.settings.keep_contents or wishes_of(exchange) is not NONE:
        return False
    try:
        fields = FIELDS.decode(body)
        route = find(gateway, exchange.caller, TEXT.decode(fields["model"]))
        stream = STREAM.decode(fields["stream"]) if "stream" in fields else None
    except (KeyError, *BAD_JSON):
        return False  # the codec says what is wrong with it
    passage = route.passage(dialect.name)
    if passage is None:
        return False
    names = fields.keys()
    said = {name.lower() for name in names} if passage.any_case else names
    if "homeward" in said or not passage.reads.isdisjoint(said):
        return False
    for name in names:
        if name.lower() in OURS and name not in OURS:
            raise Rejected(f"the body has {name!r}, which some servers read as {name.lower()!r}")
    if stream is None:
        stream = dialect.name == "ollama"  # whose default it is
    hide_usage = stream and dialect.name == "openai_chat" and _asks_usage(fields)
    for name, value in passage.adds.items():
        fields.setdefault(name, Raw(value))
    fields["model"] = Raw(json.encode(passage.model))
    job = await admit(
        gateway,
        exchange,
        route,
        dialect.name,
        stream=stream,
        input_tokens=len(body) // CHARACTERS_PER_TOKEN,
        output_tokens=(_most(fields, LIMITS) or gateway.settings.longest_answer)
        * max(1, _most(fields, ANSWERS)),
    )
    watch = Watch(PROTOCOLS[dialect.name], hide=hide_usage)
    clearance = gateway.reach(exchange.caller)
    if passage.path != exchange.path and dialect.name == "ollama":  # /api/generate
        passage = replace(passage, path=exchange.path)
    await _Transit(job, passage, dialect, watch).pass_on(json.encode(fields), clearance)
    return True


class _Transit:
    """One body on its way there, and the answer on its way back."""

    __slots__ = ("call", "dialect", "exchange", "job", "passage", "watch", "where")

    def __init__(self, job: Job, passage: Passage, dialect: Dialect, watch: Watch) -> None:
        self.job = job
        self.exchange = job.exchange
        self.passage = passage
        self.dialect = dialect
        self.watch = watch
        self.where = passage.where
        self.call: Call | None = None

    async def pass_on(self, body: bytes, clearance: Clearance) -> None:
        try:
            with self.exchange.attended():
                if (queue := self.job.route.queue) is None:
                    await self._send(body, clearance)
                else:
                    turn = queue.turn()
                    async with turn as waited:
                        if waited is not None:
                            self.job.saw(waited)
                        await self._send(body, clearance)
                        if (usage := self.watch.usage) is not None:
                            turn.took = usage.load_seconds
        except Left:
            self._settle("cancelled")
        except ModelError as error:
            self._settle("failed", error)
            if not self.exchange.status:
                raise
            await self.exchange.end(self.dialect.fail(error))
        except BaseException as error:  # cancelled at the end of the server, or a bug
            cancelled = isinstance(error, asyncio.CancelledError)
            self._settle("cancelled" if cancelled else "failed", None if cancelled else error)
            raise

    async def _send(self, body: bytes, clearance: Clearance) -> None:
        passage, job = self.passage, self.job
        tokens = len(body) // CHARACTERS_PER_TOKEN
        http = passage.http or job.gateway.http
        if passage.check is not None:
            self.where = await passage.check(http, clearance)
        if (budget := job.budget_usd) is not None:
            afford(budget, passage.model, passage.price, self.where, tokens, 1)
        self.call = Call(
            self.exchange.id, passage.model, self.where, tokens, began=time.monotonic()
        )
        job.notes.append(self.call)
        async with http.ask(passage.question, body, clearance, passage.timeouts) as response:
            if passage.check is None:  # which knows more: of a cloud behind the server
                self.where = response.where
            await accepted(response, passage.model)
            if job.stream:
                await self._stream(response)
            else:
                await self._whole(response)

    async def _whole(self, response: Response) -> None:
        body = await response.read()
        self.job.heard()
        self.watch.whole(body)
        self._refuse_cut()
        self.exchange.status = 200
        self._settle("finished")
        await self.exchange.reply(200, body, JSON, self._marks())

    async def _stream(self, response: Response) -> None:
        exchange, watch = self.exchange, self.watch
        passed = b""  # by the watch, and not on its way yet
        async with aclosing(response.chunks()) as chunks:
            async for data in chunks:
                passed += watch.feed(data)
                if not watch.begun:  # nothing but comments yet
                    continue
                if not exchange.status:
                    await exchange.begin(self.dialect.content_type, self._marks())
                self.job.heard(watch.pieces)
                if watch.complete:
                    await response.linger()
                    break
                await exchange.write(passed)
                passed = b""
            else:
                body = watch.in_one_piece()
                passed += self._in_pieces(body) if body else watch.end()
                self.job.heard()
        if not exchange.status:
            await exchange.begin(self.dialect.content_type, self._marks())
        self._refuse_cut()
        self._settle("finished" if watch.failed is None else "failed", watch.failed)
        await exchange.end(passed)

    def _in_pieces(self, body: bytes) -> bytes:
        """The stream that was asked for, of a server that answers in one piece all the same."""
        watch = self.watch
        asked = Asked(self.job.route.name, True, Request(()), usage=not watch.hide)
        encoder = self.dialect.encoder(asked, self.exchange.id, int(time.time()))
        return b"".join([*map(encoder.feed, watch.told(body)), encoder.end()])

    def _refuse_cut(self) -> None:
        """TooLong for an answer to a prompt of which the server has read a part only."""
        unread, counted, call = self.passage.unread, self.watch.usage, self.call
        if unread is not None and counted is not None and call is not None:
            likely = unread(counted.input_tokens, call.input_tokens)
            if likely is not None:
                self.job.notes.append(likely)

    def _settle(self, outcome: Outcome, error: BaseException | None = None) -> None:
        """Bill the one call, as a leaf would have done, and settle the job."""
        job, call = self.job, self.call
        if call is not None and job.entry is None:
            job.notes.append(self._bill(call, outcome, error))
            job.finish = Finish(model=call.model)
        job.settle(outcome, error)

    def _bill(self, call: Call, outcome: Outcome, error: BaseException | None) -> Usage:
        watch = self.watch
        counted = watch.usage or Usage(
            "", "", call.input_tokens, output_tokens=watch.words, estimated=True
        )
        usd: float | None = 0.0
        if watch.usage or watch.words or is_charged(error):
            asked, said, cached = counted.input_tokens, counted.output_tokens, counted.cached_tokens
            usd = cost(self.passage.price, self.where, asked, said, cached)
        first, began = self.job.first, call.began or self.exchange.began
        return Usage(
            call.id,
            call.model,
            counted.input_tokens,
            counted.output_tokens,
            counted.cached_tokens,
            counted.reasoning_tokens,
            seconds=time.monotonic() - began,
            first_seconds=None if first is None else first - began,
            cost_usd=usd,
            where=self.where,
            outcome=outcome,
            estimated=counted.estimated,
        )

    def _marks(self) -> list[tuple[bytes, bytes]]:
        """As `homeward.gateway.answers.marks.marks`: of one call nearly all is known beforehand."""
        job, passage = self.job, self.passage
        known = job.route.marks
        if not known:
            known += [
                (b"x-homeward-route", plain(job.route.name)),
                (b"x-homeward-model", plain(passage.model)),
            ]
        own = [(b"x-homeward-id", self.exchange.id.encode()), WHERE[self.where]]
        if job.entry is not None and job.entry.cost_usd:
            own.append((b"x-homeward-cost-usd", b"%.6f" % job.entry.cost_usd))
        return own + known


def _asks_usage(fields: dict[str, Raw]) -> bool:
    """Ask for the token counts where the client does not: its words alone are not what it took."""
    asked = fields.get("stream_options", NULL)
    try:
        options = FIELDS.decode(asked) if asked != NULL else {}
    except BAD_JSON:
        options = {}
    if options.get("include_usage") == TRUE:
        return False
    options["include_usage"] = TRUE
    fields["stream_options"] = Raw(json.encode(options)) if len(options) > 1 else ASK_USAGE
    return True


def _most(fields: dict[str, Raw], names: tuple[str, ...]) -> int:
    """The largest of these, of which a server may heed any; 0 for none."""
    most = 0
    for name in names:
        if name in fields:
            with suppress(ValueError):
                most = max(most, NUMBER.decode(fields[name]))
    return most
