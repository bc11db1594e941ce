"""Embedded: a GGUF file, run by llama.cpp in a child process of this one. No server is needed."""

import dataclasses
import re
import time
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

from msgspec.structs import replace

from homeward.backends.child import Child, Plan
from homeward.backends.decoded import accepted, encoded, from_sse
from homeward.backends.http import Http, borrowed
from homeward.backends.llamas import Llamas
from homeward.backends.meter import Meter
from homeward.errors import ConfigError, Failed, Garbled, ModelMissing, Unreachable
from homeward.model import Request, Seconds, Stream, Usage
from homeward.wire import openai_chat

BOX = "box/"
MOST = {"context": 1 << 24, "parallel": 256, "threads": 1024}  # 256 slots are llama.cpp's own limit
DYING: Seconds = 1.0  # how long a process may take to end after its connection broke


@dataclass(frozen=True)
class Embedded:
    """A model inside this package. Streams; tools and answer formats are llama.cpp's own.

    ``model`` is one of the box (``box/arith``), the path of a .gguf file, or what `homeward pull`
    fetched (``org/repo``, ``org/repo:Q4_K_M``). ``context`` is in tokens for each of the
    ``parallel`` answers that are made at once; further ones wait. None is what the model was
    trained for, up to 8192, or less where memory is short. A prompt that does not fit is
    TooLong, never shortened. ``threads`` None leaves the number to llama.cpp. ``draft`` is a
    smaller model of the same vocabulary, for speculative decoding: the same words, sooner or not.

    Processes belong to ``llamas``; without it one is started for the call and stopped after it.
    One that crashes fails the answers that it was giving, and the next call starts another.
    """

    model: str
    context: int | None = None
    parallel: int = 4
    threads: int | None = None
    draft: str | None = None
    llamas: Llamas | None = field(default=None, repr=False, compare=False)
    http: Http | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("context", "parallel", "threads"):
            value, most = getattr(self, name), MOST[name]
            if value is not None and not 1 <= value <= most:
                raise ConfigError(f"{name} is {value}: say a number from 1 to {most}")

    async def chat(self, request: Request) -> Stream:
        plan = self._plan()
        name = self.model if self.model.startswith(BOX) else _stem(plan.model)
        raw = self._answer(plan, name, self._within_box(request))
        async with aclosing(Meter(name).read(raw, request)) as events:
            async for event in events:
                yield event

    async def _answer(self, plan: Plan, name: str, request: Request) -> Stream:
        began = time.monotonic()
        async with self._pool() as llamas, borrowed(self.http) as http:
            for again in (False, True):
                async with llamas.borrow(plan, request.deadline) as child:
                    loaded = time.monotonic() - began
                    try:
                        async with aclosing(_asked(http, child, name, request)) as events:
                            async for event in events:
                                usage = isinstance(event, Usage)
                                yield replace(event, load_seconds=loaded) if usage else event
                        return
                    except (Garbled, Unreachable) as error:
                        if not (end := await child.ended(DYING)):
                            raise
                        if again or isinstance(error, Garbled):
                            raise Failed(
                                f"the engine process of {name} {end} while it answered; "
                                "the next question starts it again"
                            ) from error
                        # Unreachable: it had died before, unnoticed, and never heard the question.

    def _pool(self) -> AbstractAsyncContextManager[Llamas]:
        return Llamas(keep=1) if self.llamas is None else nullcontext(self.llamas)

    def _plan(self) -> Plan:
        context, threads = self.context, self.threads
        if self.model.startswith(BOX):
            from homeward.box import MEMBERS

            member = MEMBERS.get(self.model.removeprefix(BOX))
            if member is not None:  # tiny ones gain nothing from a second thread
                context, threads = context or member.context, threads or 1
        draft = None if self.draft is None else _file(self.draft)
        plan = Plan(_file(self.model), context, self.parallel, threads, draft)
        if self.model.startswith(BOX) or _is_path(self.model):
            return plan
        return dataclasses.replace(plan, mend=f"run `homeward pull {self.model}` again")

    def _within_box(self, request: Request) -> Request:
        """Models of the box know one way to answer, and go astray when they answer at length."""
        if not self.model.startswith(BOX):
            return request
        from homeward.box import MEMBERS

        asked, member = request.sampling, MEMBERS[self.model.removeprefix(BOX)]
        return request.sampled(
            temperature=0.0 if asked.temperature is None else asked.temperature,
            max_tokens=asked.max_tokens or member.longest_answer,
        )


async def _asked(http: Http, child: Child, name: str, request: Request) -> Stream:
    async with http.send(
        "POST",
        child.address,
        "/v1/chat/completions",
        headers={"authorization": f"Bearer {child.api_key}"},
        body=encoded(openai_chat.encode_request(request, name)),
        clearance=request.clearance,
        deadline=request.deadline,
    ) as response:
        await accepted(response, name)
        decoder = openai_chat.Decoder(request.sampling.logprobs)
        async with aclosing(from_sse(response, decoder)) as events:
            async for event in events:
                yield event


def _file(model: str) -> Path:
    """ModelMissing for a name that is neither in the box nor pulled."""
    if model.startswith(BOX):
        from homeward import box

        try:
            return box.path(model.removeprefix(BOX))
        except ValueError as error:
            raise ModelMissing(str(error)) from None
    if _is_path(model):
        return Path(model).expanduser()
    from homeward.backends.shelf import locate

    return locate(model)


def _is_path(model: str) -> bool:
    """``org/repo:file.gguf`` is not: it was pulled."""
    path = Path(model)
    return path.suffix == ".gguf" and ":" not in path.name


def _stem(path: Path) -> str:
    return re.sub(r"-00001-of-\d{5}$", "", path.stem)
