"""Samples: ask the same model again, and see whether it comes to the same answer."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, replace

from homeward.errors import ConfigError
from homeward.model import Answer, Candidate, Model, Request
from homeward.reading import Extractor, Reading, Weighing, weighed
from homeward.signals.draws import draws
from homeward.signals.said import Said


@dataclass(frozen=True)
class Samples:
    """``score`` is the share, 0 to 1, of further samples that agree with the draft.

    Self-consistency (Wang et al., "Self-Consistency Improves Chain of Thought Reasoning in
    Language Models", ICLR 2023) as a check: ``model``, which should be the draft's, answers up to
    ``count`` times more at ``temperature``, each time with a seed of its own, and typed answers
    are compared by ``extract``. A sample without an answer of the type does not count. With
    ``threshold``, the cascade's own, it stops as soon as no further sample can change the
    verdict. Abstains, without asking, where the draft has no answer of the type, and where no
    sample has one. A model that is wrong the same way every time agrees with itself: another
    model's `Agreement` says more, where there is one.
    """

    model: Model
    extract: Extractor
    count: int = 4
    temperature: float = 0.7
    threshold: float | None = None

    def __post_init__(self) -> None:
        draws(self.model, self.count, self.temperature)
        if self.threshold is not None and not 0 < self.threshold <= 1:
            raise ConfigError(f"`threshold` is {self.threshold:g}; it is a share above 0, up to 1")

    async def __call__(self, request: Request, answer: Answer, /) -> Reading:
        return await weighed(self.asking(request, answer))

    async def asking(self, request: Request, answer: Answer, /) -> Weighing:
        own = await asyncio.to_thread(self.extract, answer)  # it may run code
        if own is None:
            yield Reading(because="the draft has no answer of the type")
            return
        tally = _Tally(left=self.count)
        for name, draw in draws(self.model, self.count, self.temperature).items():
            said = Said()
            async with aclosing(said.ask(draw, request)) as notes:
                async for note in notes:
                    yield note
            value = None if said.error else await asyncio.to_thread(self.extract, said.answer)
            text = "" if said.error else said.answer.text
            error = str(said.error) if said.error else None
            yield Candidate("samples", name, text, extracted=value, error=error)
            tally = tally.after(None if value is None else value == own)
            if self.threshold is not None and tally.settles(self.threshold):
                break
        numbers = {
            "agree": float(tally.agree),
            "answered": float(tally.answered),
            "asked": float(self.count - tally.left),
        }
        if not tally.answered:
            yield Reading(because="no sample has an answer of the type", numbers=numbers)
            return
        because = f"{tally.agree} of {tally.answered} samples agree on {own[:60]}"
        yield Reading(own, tally.agree / tally.answered, because, numbers)


@dataclass(frozen=True)
class _Tally:
    left: int
    agree: int = 0
    answered: int = 0

    def after(self, agrees: bool | None) -> "_Tally":  # noqa: FBT001 - None: has no answer
        return replace(
            self,
            left=self.left - 1,
            agree=self.agree + (agrees is True),
            answered=self.answered + (agrees is not None),
        )

    def settles(self, threshold: float) -> bool:
        """Whether the share now and the share in the end lie on one side, whatever comes.

        The worst case is that all that are left disagree, the best that all agree.
        """
        if not self.answered:
            return False
        whole = self.answered + self.left
        return self.agree / whole >= threshold or (self.agree + self.left) / whole < threshold
