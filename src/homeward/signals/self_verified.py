"""Self-verified: ask a model whether its own answer is right."""

from contextlib import aclosing
from dataclasses import dataclass

from homeward.model import Answer, Model, Request
from homeward.reading import Reading, Weighing, weighed
from homeward.signals.draws import draws
from homeward.signals.judge import Judge


@dataclass(frozen=True)
class SelfVerified:
    """``score`` is P(True), 0 to 1: how sure ``model``, the draft's, is that the answer is right.

    A `Judge` that says yes or no (Kadavath et al., "Language Models (Mostly) Know What They
    Know", 2022). Where the runtime gives logprobs, once is enough: the score is the probability
    of yes. Where it gives none, ``times`` verdicts are drawn at ``temperature`` and the score is
    their mean (AutoMix, Aggarwal et al., NeurIPS 2024); verdicts that are neither yes nor no do
    not count. Small models say yes to nearly everything, so calibrate it before you rely on it.
    An answer that is empty or speaks to the judge scores 0 without a call. ``tokens``, ``shown``
    and ``alternatives`` are the `Judge`'s.
    """

    model: Model
    times: int = 1
    temperature: float = 0.7
    tokens: int = 8
    shown: int = 1500
    alternatives: int | None = 5

    def __post_init__(self) -> None:
        draws(self.model, self.times, self.temperature)

    async def __call__(self, request: Request, answer: Answer, /) -> Reading:
        return await weighed(self.asking(request, answer))

    async def asking(self, request: Request, answer: Answer, /) -> Weighing:
        readings: list[Reading] = []
        asked = 0
        for judge in self._judges():
            async with aclosing(judge.asking(request, answer)) as events:
                async for event in events:
                    if isinstance(event, Reading):
                        readings.append(event)
                    else:
                        asked += 1
                        yield event
            if not asked:
                break  # empty, or speaks to the judge: to ask again changes nothing
        scores = [reading.score for reading in readings if reading.score is not None]
        numbers = {"verdicts": float(len(scores)), "asked": float(len(readings))}
        if len(readings) == 1 or not scores:
            yield Reading(score=readings[-1].score, because=readings[-1].because, numbers=numbers)
            return
        score = sum(scores) / len(scores)
        yield Reading(
            score=score, because=f"{len(scores)} verdicts, {score:.2f} right", numbers=numbers
        )

    def _judges(self) -> list[Judge]:
        asked: list[Model] = [self.model]
        if self.times > 1:
            asked = list(draws(self.model, self.times, self.temperature).values())
        return [Judge(each, "yes_no", self.tokens, self.shown, self.alternatives) for each in asked]
