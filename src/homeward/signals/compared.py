"""Compared: a judge weighs an answer against another model's, in both orders."""

import asyncio
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass

from homeward.fence import ask, conversation, fenced, suspicious, verdict
from homeward.model import Answer, Candidate, Model, Request
from homeward.reading import Extractor, Reading, Weighing, weighed
from homeward.signals.said import Said
from homeward.signals.slots import visible
from homeward.signals.verdicts import expected

QUESTION = (
    "Two answers, A and B, to the conversation above. Which one is correct, or nearer to it? "
    "Length and style are no merit. Reply with one letter and nothing else: A, B, or T if there "
    "is nothing between them."
)
_ORDERS: Mapping[str, Mapping[str, float]] = {
    "A": {"A": 1.0, "B": 0.0, "T": 0.5},  # the draft is shown first
    "B": {"A": 0.0, "B": 1.0, "T": 0.5},
}


@dataclass(frozen=True)
class Compared:
    """``score`` is how far ``judge`` prefers the draft to the answer of ``with_``: 0 to 1.

    The judge sees both answers fenced and anonymous, once in each order, and the score is the
    mean over the orders: 0.5 is a tie, and so is a judge that names the same place twice, since
    then it has judged the place (Zheng et al., "Judging LLM-as-a-Judge", NeurIPS 2023: GPT-4 is
    consistent in 65 of 100 pairs). With logprobs, each order counts by its probability. Where
    ``extract`` is given and finds the same answer in both, the score is 1 and no judge is asked.

    Abstains where the other model fails, says nothing or speaks to the judge, and without two
    valid verdicts. A draft that is empty or speaks to the judge scores 0 unseen. ``label`` is
    "draft", "other" or "tie". It says which is better, not that either is right. ``tokens`` is
    the room for a verdict, ``shown`` the tokens shown of each text, ``alternatives`` the logprobs
    asked for, None for a runtime that refuses the question.
    """

    judge: Model
    with_: Model
    extract: Extractor | None = None
    tokens: int = 8
    shown: int = 1500
    alternatives: int | None = 5

    async def __call__(self, request: Request, answer: Answer, /) -> Reading:
        return await weighed(self.asking(request, answer))

    async def asking(self, request: Request, answer: Answer, /) -> Weighing:
        draft = visible(answer)
        if not draft:
            yield Reading("other", 0.0, "the answer is empty")
            return
        if (marker := suspicious(draft)) is not None:
            yield Reading("other", 0.0, f"the answer speaks to the judge: {marker!r}")
            return
        other = Said()
        async with aclosing(other.ask(self.with_, request)) as notes:
            async for note in notes:
                yield note
        text = "" if other.error else visible(other.answer)
        yield Candidate("compared", "with", text, error=str(other.error) if other.error else None)
        if not text or suspicious(text) is not None:
            yield Reading(because=str(other.error or "the other answer cannot be shown to a judge"))
            return
        if await self._same(answer, other.answer):
            yield Reading("draft", 1.0, "the other model comes to the same answer")
            return
        heard: list[tuple[str, float]] = []
        for place, scale in _ORDERS.items():
            said = Said()
            pair = (draft, text) if place == "A" else (text, draft)
            async with aclosing(said.ask(self.judge, self._asked(request, *pair))) as notes:
                async for note in notes:
                    yield note
            score = None if said.error else expected(said.answer, scale)
            if score is None:
                yield Reading(because=str(said.error or "the judge gave no verdict"))
                return
            heard.append((_preferred(said.answer, place), score))
        yield _read(heard)

    async def _same(self, answer: Answer, other: Answer) -> bool:
        if self.extract is None:
            return visible(answer) == visible(other)
        own = await asyncio.to_thread(self.extract, answer)  # it may run code
        return own is not None and own == await asyncio.to_thread(self.extract, other)

    def _asked(self, request: Request, first: str, second: str) -> Request:
        return ask(
            request,
            conversation(request, self.shown),
            fenced((("A", first), ("B", second)), self.shown),
            QUESTION,
            tokens=self.tokens,
        ).sampled(logprobs=self.alternatives)


def _preferred(said: Answer, place: str) -> str:
    word = verdict(said.text, "ABT")
    return "tie" if word == "T" else "draft" if word == place else "other"


def _read(heard: list[tuple[str, float]]) -> Reading:
    (first, one), (second, two) = heard
    numbers = {"first": one, "second": two}
    if {first, second} == {"draft", "other"}:
        return Reading("tie", 0.5, "the judge prefers a place, not an answer", numbers)
    label = first if first == second else ({first, second} - {"tie"}).pop()
    because = "neither is better" if label == "tie" else f"the judge prefers the {label}"
    return Reading(label, (one + two) / 2, because, numbers)
