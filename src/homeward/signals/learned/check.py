"""LearnedCheck: how likely a draft is right, by a trained router."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from homeward.errors import ConfigError
from homeward.model import Answer, Candidate, Model, Models, Request, named
from homeward.reading import Reading, Weighing, weighed
from homeward.signals.learned.file import load
from homeward.signals.learned.router import LearnedRouter
from homeward.signals.said import Said


@dataclass(frozen=True)
class LearnedCheck:
    """``score`` is the chance, 0 to 1, that the draft is right; ``gain`` what asking on would add.

    ``path`` is a router's folder, and the draft that of the cheapest of its models. Where it was
    trained ``--with-answer`` the draft is read; its ``--checkers`` are asked the same question,
    one after another, and must be given in ``with_`` in the order in which it was trained. Without
    either the question alone decides. Abstains on prompts out of distribution.
    """

    path: Path
    with_: Models | Model = ()
    router: LearnedRouter = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        router = load(self.path)
        wanted, given = len(router.card.checkers), len(self._checkers())
        if wanted != given:
            names = ", ".join(router.card.checkers) or "none"
            raise ConfigError(f"the router was trained with checkers ({names}); `with` has {given}")
        object.__setattr__(self, "router", router)

    async def __call__(self, request: Request, answer: Answer) -> Reading:
        return await weighed(self.asking(request, answer))

    async def asking(self, request: Request, answer: Answer) -> Weighing:
        router = self.router
        before = router.predict(request.prompt)
        if not before.is_known:  # nobody is asked: their answers would say nothing either
            yield Reading(because="out of the distribution it was trained on")
            return
        own = await asyncio.to_thread(router.typed, answer)
        others: list[str | None] = []
        for name, model in self._checkers().items():
            said = Said()
            async with aclosing(said.ask(model, request)) as notes:
                async for note in notes:
                    yield note
            value = None if said.error else await asyncio.to_thread(router.typed, said.answer)
            error = str(said.error) if said.error else None
            text = "" if said.error else said.answer.text
            yield Candidate("learned", name, text, extracted=value, error=error)
            others.append(value)
        right = before.quality[router.models[0]]
        if router.checked is not None:
            right = router.right(request.prompt, answer.text, own, others)
        gain = before.quality[router.models[-1]] - right
        agreeing = f", {others.count(own)} of {len(others)} agree" if others and own else ""
        yield Reading(own, right, f"right with p = {right:.2f}{agreeing}", {"gain": gain})

    def _checkers(self) -> dict[str, Model]:
        if isinstance(self.with_, Mapping | Sequence):
            return named(self.with_)
        return {"with": self.with_}
