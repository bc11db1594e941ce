"""Agreement: ask others the same question, and see whether they come to the same answer."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from homeward.errors import ConfigError
from homeward.model import Answer, Candidate, Model, Models, Request, named
from homeward.reading import Extractor, Reading, Weighing, weighed
from homeward.signals.said import Said


@dataclass(frozen=True)
class Agreement:
    """``score`` is the share, 0 to 1, of the checkers that agree, among those that answered.

    Answers are compared by what ``extract`` finds in them. The checkers ``with_`` are asked the
    same question, one after another, and never see the draft. Abstains, without asking anybody,
    where the draft has no answer of the type, and where no checker has one. Costs a whole answer
    of each checker; their notes, the bills of failed ones too, are in ``notes``.
    """

    with_: Models | Model
    extract: Extractor

    def __post_init__(self) -> None:
        if not self._checkers():
            raise ConfigError("an agreement needs a model to agree with; name one in `with`")

    async def __call__(self, request: Request, answer: Answer) -> Reading:
        return await weighed(self.asking(request, answer))

    async def asking(self, request: Request, answer: Answer) -> Weighing:
        own = await asyncio.to_thread(self.extract, answer)  # it may run code
        if own is None:
            yield Reading(because="the draft has no answer of the type")
            return
        found: list[str] = []
        for name, model in self._checkers().items():
            said = Said()
            async with aclosing(said.ask(model, request)) as notes:
                async for note in notes:
                    yield note
            value = None if said.error else await asyncio.to_thread(self.extract, said.answer)
            text = "" if said.error else said.answer.text
            error = str(said.error) if said.error else None
            yield Candidate("agreement", name, text, extracted=value, error=error)
            if value is not None:
                found.append(value)
        numbers = {"agree": float(found.count(own)), "answered": float(len(found))}
        if not found:
            because = "no checker has an answer of the type"
            yield Reading(because=because, numbers=numbers)
            return
        because = f"{found.count(own)} of {len(found)} agree on {_short(own)}"
        yield Reading(own, found.count(own) / len(found), because, numbers)

    def _checkers(self) -> dict[str, Model]:
        if isinstance(self.with_, Mapping | Sequence):
            return named(self.with_)
        return {"with": self.with_}


def _short(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}..."
