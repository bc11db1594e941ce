"""A model as a judge: of an answer (`Judge`, a check), or of a request (`JudgeLabel`, a signal)."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Literal

from homeward.errors import ConfigError
from homeward.fence import ask, conversation, fenced, suspicious, verdict
from homeward.model import Answer, Model, Request
from homeward.reading import Reading, Weighing, weighed
from homeward.signals.said import Said
from homeward.signals.verdicts import expected

SCALES: Mapping[str, Mapping[str, float]] = {
    "digit": {str(digit): digit / 9 for digit in range(10)},
    "yes_no": {"yes": 1.0, "no": 0.0},
}
QUESTIONS = {
    "digit": (
        "How sure is it that the answer to this conversation is correct? Reply with one digit "
        "and nothing else, from 0 (surely wrong) to 9 (surely correct)."
    ),
    "yes_no": (
        "Is the answer to this conversation correct? Reply with one word and nothing else: "
        "yes or no."
    ),
}


@dataclass(frozen=True)
class Judge:
    """Asks ``model`` whether an answer is correct; the score is p(correct), 0..1.

    Where the runtime gives logprobs, the score is the mean of the scale's values, weighted by the
    probabilities of the first token; elsewhere it is the one value that was said. It is the
    judge's opinion and not calibrated. None when the judge fails or says anything else. An answer
    that is empty or speaks to the judge scores 0 without a call. ``tokens`` is the room for the
    verdict; a judge that thinks first needs more. Up to ``shown`` tokens of the answer, and of
    each message, are shown. ``alternatives`` are the logprobs asked of the judge, None for a
    runtime that refuses the question.
    """

    model: Model
    scale: Literal["digit", "yes_no"] = "digit"
    tokens: int = 8
    shown: int = 1500
    alternatives: int | None = 5

    async def __call__(self, request: Request, answer: Answer, /) -> Reading:
        return await weighed(self.asking(request, answer))

    async def asking(self, request: Request, answer: Answer, /) -> Weighing:
        text = "\n".join([answer.text, *(f"{c.name}({c.arguments})" for c in answer.tool_calls)])
        if not text.strip():
            yield Reading(score=0.0, because="the answer is empty")
            return
        if (marker := suspicious(text)) is not None:
            yield Reading(score=0.0, because=f"the answer speaks to the judge: {marker!r}")
            return
        asked = ask(
            request,
            conversation(request, self.shown),
            fenced([("answer", text)], self.shown),
            QUESTIONS[self.scale],
            tokens=self.tokens,
        ).sampled(logprobs=self.alternatives)
        said = Said()
        async with aclosing(said.ask(self.model, asked)) as notes:
            async for note in notes:
                yield note
        score = None if said.error else expected(said.answer, SCALES[self.scale])
        yield Reading(score=score, because=_because(said))


@dataclass(frozen=True)
class JudgeLabel:
    """Asks ``model`` which of the labels fits the request; the values describe them.

    Abstains when the judge fails, or says anything but one of the labels.
    """

    model: Model
    labels: Mapping[str, str]
    tokens: int = 16
    shown: int = 1500

    def __post_init__(self) -> None:
        if not self.labels:
            raise ConfigError("a judge needs `labels` to choose from; write at least one")

    async def __call__(self, request: Request, /) -> Reading:
        return await weighed(self.asking(request))

    async def asking(self, request: Request, /) -> Weighing:
        choices = "\n".join(f"- {label}: {what}" for label, what in self.labels.items())
        asked = ask(
            request,
            conversation(request, self.shown),
            f"Which of these fits what the user asks for last?\n{choices}\n"
            f"Reply with one of these words and nothing else: {', '.join(self.labels)}.",
            tokens=self.tokens,
        )
        said = Said()
        async with aclosing(said.ask(self.model, asked)) as notes:
            async for note in notes:
                yield note
        label = None if said.error else verdict(said.answer.text, self.labels)
        yield Reading(label=label, because=_because(said))


def _because(said: Said) -> str:
    return str(said.error or f"the judge said {said.answer.text.strip()[:80]!r}")
