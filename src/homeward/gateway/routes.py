"""The routes as the gateway sees them: a name, its tree, and what can be known beforehand."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from homeward.backends.passage import Passage, Passing
from homeward.backends.prices import Price, Priced
from homeward.errors import HomewardError
from homeward.model import Model
from homeward.strategies.queued import Queued
from homeward.tree import leaves


@dataclass(eq=False)
class Route:
    """``passages``, by dialect, are ways to pass a body on as it is; None where there is none.

    ``marks`` are headers of what is passed on, once they are known. ``queue`` is the model itself
    where it is one leaf in its line.
    """

    name: str
    model: Model
    prices: tuple[Price, ...] = ()
    passages: dict[str, Passage | None] = field(default_factory=dict[str, Passage | None])
    marks: list[tuple[bytes, bytes]] = field(default_factory=list[tuple[bytes, bytes]])

    @property
    def queue(self) -> Queued | None:
        return self.model if isinstance(self.model, Queued) else None

    @classmethod
    def of(cls, name: str, model: Model) -> "Route":
        prices = [leaf.priced() for leaf in leaves(model) if isinstance(leaf, Priced)]
        return cls(name, model, tuple(price for price in prices if price is not None))

    def passage(self, dialect: str) -> Passage | None:
        """How this dialect's bodies are passed on; None where the route must read them."""
        if dialect not in self.passages:
            model = self.model if self.queue is None else self.queue.model
            self.passages[dialect] = model.passage(dialect) if isinstance(model, Passing) else None
        return self.passages[dialect]

    def most_usd(self, input_tokens: int, output_tokens: int) -> float:
        """The most that an answer can cost: each model that has a price, asked once."""
        return sum(price.usd(input_tokens, output_tokens) for price in self.prices)


def called(leaf: Any) -> str | None:
    """A leaf's name in bills; None for one that is not pulled, and has no file to be named by."""
    try:
        name = getattr(leaf, "called", None) or getattr(leaf, "model", None)
    except HomewardError:
        return None
    return name if isinstance(name, str) else type(leaf).__name__.lower()


def routes_of(models: Mapping[str, Model]) -> dict[str, Route]:
    return {name: Route.of(name, model) for name, model in models.items()}
