"""A model as a judge: of an answer (`Judge`, a check), or of a request (`JudgeLabel`, a signal)."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from math import exp
from typing import Literal

from homeward.errors import ModelError
from homeward.fence import ask, conversation, fenced, suspicious, verdict
from homeward.model import Answer, Event, Model, Reading, Request

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
    each message, are shown. ``logprobs`` are the alternatives asked for, None for a runtime that
    refuses the question.
    """

    model: Model
    scale: Literal["digit", "yes_no"] = "digit"
    tokens: int = 8
    shown: int = 1500
    logprobs: int | None = 5

    async def __call__(self, request: Request, answer: Answer, /) -> Reading:
        text = "\n".join([answer.text, *(f"{c.name}({c.arguments})" for c in answer.tool_calls)])
        if not text.strip():
            return Reading(score=0.0, because="the answer is empty")
        if (marker := suspicious(text)) is not None:
            return Reading(score=0.0, because=f"the answer speaks to the judge: {marker!r}")
        asked = ask(
            request,
            conversation(request, self.shown),
            fenced([("answer", text)], self.shown),
            QUESTIONS[self.scale],
            tokens=self.tokens,
        ).sampled(logprobs=self.logprobs)
        said, error = await _reply(self.model, asked)
        score = None if error else _score(said, SCALES[self.scale])
        because = str(error) if error else f"the judge said {said.text.strip()[:80]!r}"
        return Reading(score=score, because=because, notes=said.notes)


@dataclass(frozen=True)
class JudgeLabel:
    """Asks ``model`` which of the labels fits the request; the values describe them.

    Abstains when the judge fails, or says anything but one of the labels.
    """

    model: Model
    labels: Mapping[str, str]
    tokens: int = 16
    shown: int = 1500

    async def __call__(self, request: Request, /) -> Reading:
        choices = "\n".join(f"- {label}: {what}" for label, what in self.labels.items())
        asked = ask(
            request,
            conversation(request, self.shown),
            f"Which of these fits what the user asks for last?\n{choices}\n"
            f"Reply with one of these words and nothing else: {', '.join(self.labels)}.",
            tokens=self.tokens,
        )
        said, error = await _reply(self.model, asked)
        label = None if error else verdict(said.text, self.labels)
        because = str(error) if error else f"the judge said {said.text.strip()[:80]!r}"
        return Reading(label=label, because=because, notes=said.notes)


async def _reply(model: Model, request: Request) -> tuple[Answer, ModelError | None]:
    """All that came, bills included, also where it ended in an error."""
    events: list[Event] = []
    try:
        async with aclosing(model.chat(request)) as stream:
            async for event in stream:
                events.append(event)  # noqa: PERF401 - kept when the stream fails
    except ModelError as error:
        return Answer(tuple(events)), error
    return Answer(tuple(events)), None


def _score(said: Answer, scale: Mapping[str, float]) -> float | None:
    word = verdict(said.text, scale)
    if word is None:
        return None
    token = next((p for p in said.logprobs if verdict(p.token, scale)), None)
    if token is None:
        return scale[word]
    chances = {
        text: (exp(logprob), scale[known])
        for text, logprob in (*token.top, (token.token, token.logprob))
        if (known := verdict(text, scale)) is not None
    }
    return sum(p * value for p, value in chances.values()) / sum(p for p, _ in chances.values())
