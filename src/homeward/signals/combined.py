"""Combined: several checks as one probability that an answer is right."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path

from homeward.errors import ConfigError, ModelError
from homeward.model import Answer, Request
from homeward.reading import Check, Reading, Weighing, weigh, weighed
from homeward.signals.combination import Combination, features, load


@dataclass(frozen=True)
class Combined:
    """``score`` is p(right), 0 to 1, from all ``checks`` by the weights stored at ``path``.

    The checks are asked one after another, under the names that the weights were learned with
    (`homeward.learn.combine`), and the answer's length counts beside them. A part that abstains
    or fails counts as such, not as a bad score; where all of them do, this abstains too.
    ``numbers`` has each part's score and ``auroc``, what the whole reached on the data that it
    was calibrated on, cross-validated. It holds for answers like those, of that model.
    """

    checks: Mapping[str, Check]
    path: Path
    _learned: Combination = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.checks:
            raise ConfigError("a combination needs `checks`; name those that it was learned from")
        object.__setattr__(self, "_learned", load(Path(self.path), list(self.checks)))

    @property
    def logprobs(self) -> int | None:
        """How many alternatives a cascade asks drafts for: the most that a part reads."""
        wanted = [getattr(check, "logprobs", None) for check in self.checks.values()]
        return max((count for count in wanted if count is not None), default=None)

    async def __call__(self, request: Request, answer: Answer, /) -> Reading:
        return await weighed(self.asking(request, answer))

    async def asking(self, request: Request, answer: Answer, /) -> Weighing:
        readings: dict[str, Reading] = {}
        for name, check in self.checks.items():
            readings[name] = Reading()
            try:
                async with aclosing(weigh(check, request, answer)) as events:
                    async for event in events:
                        if isinstance(event, Reading):
                            readings[name] = event
                        else:
                            yield event
            except ModelError as error:
                readings[name] = Reading(because=f"failed: {error}")
        scores = {name: r.score for name, r in readings.items() if r.score is not None}
        if not scores:
            said = "; ".join(f"{name}: {r.because}" for name, r in readings.items() if r.because)
            yield Reading(because=f"every check abstains: {said}" if said else "")
            return
        score = self._learned.probability(features(readings, answer))
        parts = ", ".join(f"{name} {value:.2f}" for name, value in scores.items())
        auroc = self._learned.combined.auroc
        numbers = {**scores, **({} if auroc is None else {"auroc": auroc})}
        yield Reading(score=score, because=f"p(right) = {score:.2f} from {parts}", numbers=numbers)
