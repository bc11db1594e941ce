"""Cascade: ask cheaper models first, keep the first answer that is good enough."""

import math
from contextlib import aclosing
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from msgspec.structs import replace

from homeward.errors import ConfigError, ModelError
from homeward.model import (
    Answer,
    Candidate,
    Decision,
    Edit,
    Event,
    Model,
    Models,
    Note,
    Request,
    Stream,
    Text,
    named,
)
from homeward.reading import Check, Reading, weigh

CALIBRATED = "calibrated"  # a number of readings and decisions: 1 under a promise, else 0


@runtime_checkable
class ReadsLogprobs(Protocol):
    """A check that reads token probabilities: drafts are asked for ``logprobs`` alternatives.

    A protocol of its own, and not a setting of the cascade: whoever writes ``accept: logprobs``
    has said what is needed, and a second place to say it is a place to forget it, after which
    every draft would be sent on unread. None for a check that stands around another, which reads
    none. The name is taken by this: what a check asks of a judge of its own is ``alternatives``.
    """

    @property
    def logprobs(self) -> int | None: ...


class _Draft(NamedTuple):
    name: str
    words: tuple[Event, ...]
    score: float  # minus infinity where the check abstained


@dataclass(frozen=True)
class Cascade:
    """Reads ``drafts`` in turn; the first that ``accept`` scores at ``threshold`` or more is kept.

    Drafts do not stream: they are held until they are judged. The final model streams. A draft's
    tool calls are part of its answer and are replayed whole. A draft that fails, and one that the
    check abstains on, is not good enough. When ``final`` fails before its first word, the
    best-scored draft answers, with a `Decision` that says "degraded"; with no draft to give,
    the error is raised. ``threshold`` is in the unit of the check's score: a guess, unless the
    check is `Promised`; the number ``calibrated`` of each `Decision`, 1 or 0, tells which.
    """

    drafts: Models
    final: Model
    accept: Check
    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not self.drafts:
            raise ConfigError("a cascade needs at least one draft; name some in `drafts`")

    async def chat(self, request: Request) -> Stream:
        best: _Draft | None = None
        asked = self._asked(request)
        for name, model in named(self.drafts).items():
            held: list[Event] = []
            try:
                async with aclosing(model.chat(asked)) as events:
                    async for event in events:
                        held.append(event)
                        if _is_note(event):
                            yield event
            except ModelError as error:
                yield Candidate("cascade", name, Answer(tuple(held)).text, error=str(error))
                yield Decision("cascade", "escalate", f"{name} failed: {error}")
                continue
            answer = Answer(tuple(held))
            reading = Reading()
            try:
                async with aclosing(weigh(self.accept, request, answer)) as notes:
                    async for note in notes:
                        if isinstance(note, Reading):
                            reading = note
                        else:
                            yield note
            except ModelError as error:
                reading = Reading(because=f"the check failed: {error}")
            score = -math.inf if reading.score is None else reading.score
            kept = score >= self.threshold
            yield Candidate("cascade", name, answer.text, kept=kept)
            yield self._decision(name, reading, kept=kept)
            draft = _Draft(name, _words(answer, request), score)
            if kept:
                for event in draft.words:
                    yield event
                return
            if (answer.text.strip() or answer.tool_calls) and (best is None or score >= best.score):
                best = draft
        async with aclosing(self._finally(request, best)) as events:
            async for event in events:
                yield event

    async def _finally(self, request: Request, best: _Draft | None) -> Stream:
        spoken = False
        try:
            async with aclosing(self.final.chat(request)) as events:
                async for event in events:
                    spoken = spoken or not isinstance(event, Note)
                    yield event
            return
        except ModelError as error:
            if spoken or best is None:
                raise
            reason = f"degraded: the final model failed ({error}), the best draft answers"
        yield Decision("cascade", best.name, reason, {"degraded": 1.0, **_finite(best.score)})
        for event in best.words:
            yield event

    def _asked(self, request: Request) -> Request:
        if isinstance(self.accept, ReadsLogprobs) and request.sampling.logprobs is None:
            return request.sampled(logprobs=self.accept.logprobs)
        return request

    def _decision(self, name: str, reading: Reading, *, kept: bool) -> Decision:
        """A check that was calibrated says so itself, and with which score and threshold."""
        because = reading.because or ("good enough" if kept else f"{name} is not good enough")
        if CALIBRATED not in reading.numbers:
            because += "; not calibrated"
        score = {} if reading.score is None else {"score": reading.score}
        own = {CALIBRATED: 0.0, **score, "threshold": self.threshold}
        chose = name if kept else "escalate"
        return Decision("cascade", chose, because, {**own, **reading.numbers})


def _is_note(event: Event) -> bool:
    """An `Edit` belongs to the words that it changes, and is held with them."""
    return isinstance(event, Note) and not isinstance(event, Edit)


def _words(answer: Answer, request: Request) -> tuple[Event, ...]:
    """What the caller would have heard; not the logprobs that only the check had asked for."""
    asked = request.sampling.logprobs is not None
    return tuple(
        event if asked or not isinstance(event, Text) else replace(event, logprobs=())
        for event in answer.events
        if not _is_note(event)
    )


def _finite(score: float) -> dict[str, float]:
    return {} if math.isinf(score) else {"score": score}
