"""Learned: which model to ask, by a router that `homeward learn` has trained."""

from dataclasses import dataclass, field
from pathlib import Path

from homeward.errors import ConfigError
from homeward.model import Request
from homeward.reading import Reading
from homeward.signals.learned.file import CARD, load
from homeward.signals.learned.router import LearnedRouter, Prediction
from homeward.signals.learned.versions import path_of

TURNS = 8
"""How many of a conversation's questions are looked at, to know who has been answering."""


@dataclass(frozen=True)
class Learned:
    """Labels the model whose chance to be right is worth its cost; abstains out of distribution.

    ``path`` is a router's folder, or ``name`` one of those that `homeward learn` keeps, whose
    promoted version is followed. ``spend``, from 0 (the cheapest model) to 1 (the dearest), is how
    much may be spent on average; without it as little as reaches the best single model's quality
    on the rows it was trained on. ``stay`` is the lead in chance to be right that another model
    needs before a conversation changes to it: a change costs a cold prompt, and on one machine a
    load. ``score`` is the lead over the next best, cost counted.
    """

    path: Path | None = None
    name: str | None = None
    spend: float | None = None
    stay: float = 0.05
    _held: dict[Path, tuple[int, LearnedRouter]] = field(
        init=False, repr=False, compare=False, default_factory=dict[Path, tuple[int, LearnedRouter]]
    )

    def __post_init__(self) -> None:
        if (self.path is None) == (self.name is None):
            raise ConfigError("a learned router needs either its folder in `path` or its `name`")
        if self.spend is not None and not 0 <= self.spend <= 1:
            raise ConfigError(
                f"`spend` is {self.spend:g}; it goes from 0 (cheapest) to 1 (dearest)"
            )
        if not self.stay >= 0:
            raise ConfigError(f"`stay` is {self.stay:g}; it is a lead, 0 or more")
        self._router()

    async def __call__(self, request: Request) -> Reading:
        router = self._router()
        asked = [message.text for message in request.messages if message.role == "user"][-TURNS:]
        if not asked:
            return Reading(because="there is no user message")
        trade = self.trade(router)
        chosen, worth, latest = "", dict[str, float](), None
        for prompt in asked:
            latest = router.predict(prompt)
            worth = _worth(router, latest, trade)
            best = max(worth, key=worth.__getitem__)
            if not chosen or worth[best] - worth[chosen] > self.stay:
                chosen = best
        assert latest is not None  # noqa: S101 - `asked` is not empty
        return _reading(router, latest, worth, chosen)

    def trade(self, router: LearnedRouter) -> float:
        """The quality that spending as much more as the dearest model takes must bring."""
        points = router.card.points
        if self.spend is None:
            wanted = max(router.card.accuracy.values())
            enough = [point for point in points if point.quality >= wanted]
            return min(enough, key=lambda p: p.spent).trade if enough else points[0].trade
        within = [point for point in points if point.spent <= self.spend + 1e-9]
        if not within:
            return points[-1].trade
        return max(within, key=lambda p: p.quality).trade

    def _router(self) -> LearnedRouter:
        """Read anew when it has changed; while that one cannot be read, the one read before."""
        last = next(iter(self._held.values()), None)
        try:
            folder = self.path if self.path is not None else path_of(str(self.name))
            changed = _changed(folder)
            held = self._held.get(folder)
            if held is None or held[0] != changed:
                held = (changed, load(folder))
                self._held.clear()
                self._held[folder] = held
        except ConfigError:
            if last is None:
                raise
            held = last
        return held[1]


def _changed(folder: Path) -> int:
    try:
        return (folder.expanduser() / CARD).stat().st_mtime_ns
    except OSError:
        return 0  # `load` says what is missing


def _worth(router: LearnedRouter, of: Prediction, trade: float) -> dict[str, float]:
    low, high = min(router.card.costs), max(router.card.costs)
    span = high - low if high > low else 1.0
    return {m: q - trade * (of.costs[m] - low) / span for m, q in of.quality.items()}


def _reading(
    router: LearnedRouter, latest: Prediction, worth: dict[str, float], chosen: str
) -> Reading:
    numbers: dict[str, float] = {f"p({model})": p for model, p in latest.quality.items()}
    numbers["likeness"] = latest.likeness
    if not latest.is_known:
        because = (
            f"out of the distribution it was trained on: likeness {latest.likeness:.2f} to "
            f"{router.card.labels} prompts{_of(router)}"
        )
        return Reading(because=because, numbers=numbers)
    rest = max((value for model, value in worth.items() if model != chosen), default=worth[chosen])
    because = f"{chosen} is right with p = {latest.quality[chosen]:.2f}, worth its cost"
    return Reading(chosen, worth[chosen] - rest, because, numbers)


def _of(router: LearnedRouter) -> str:
    return f" of {router.card.table}" if router.card.table else ""
