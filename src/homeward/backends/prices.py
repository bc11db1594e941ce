"""What a call costs: the price that a leaf was given, else the one that its provider lists.

The list is that of the package genai-prices, as it is installed: nothing is fetched. It is loaded
when the first hosted model is priced, and not before.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from importlib.metadata import version
from types import MappingProxyType
from typing import Protocol, runtime_checkable

from homeward.errors import ConfigError, Garbled, OverBudget, TimedOut
from homeward.model import Clearance

MILLION = 1_000_000
DEAREST = 100_000.0  # what costs more for a million tokens is a slip of the pen
LONGEST_ANSWER = 4096  # tokens, for the worst case of a request without a limit
HALF_HOUR = 1800  # seconds; listed prices change at full or half hours

PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "anthropic": "anthropic",
        "azure": "azure",
        "baseten": "baseten",
        "cerebras": "cerebras",
        "deepseek": "deepseek",
        "fireworks": "fireworks",
        "gemini": "google",
        "groq": "groq",
        "mistral": "mistral",
        "openai": "openai",
        "openrouter": "openrouter",
        "together": "together",
        "xai": "x-ai",
    }
)
"""What genai-prices calls the services that we know by another name, or by the same."""


@dataclass(frozen=True)
class Price:
    """US dollars for a million tokens; ``cached`` are input tokens that the provider had kept."""

    input: float
    output: float
    cached: float | None = None

    def __post_init__(self) -> None:
        for name in ("input", "output", "cached"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= DEAREST:
                raise ConfigError(
                    f"{name} is {value}: say US dollars for a million tokens, up to {DEAREST:.0f}"
                )

    def usd(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float:
        """Of one call, now. ``cached_tokens`` are part of the input."""
        cached = self.input if self.cached is None else self.cached
        cached_tokens = min(cached_tokens, input_tokens)  # whatever a server says
        fresh = input_tokens - cached_tokens
        cost = fresh * self.input + cached_tokens * cached + output_tokens * self.output
        return cost / MILLION


@dataclass(frozen=True)
class Listed(Price):
    """A price of the list. Some rise for a whole call whose prompt is long, or by the hour."""

    provider: str = ""
    model: str = ""

    def usd(self, input_tokens: int, output_tokens: int, cached_tokens: int = 0) -> float:
        tiers = _tiers(self.provider, self.model, int(time.time()) // HALF_HOUR)
        for above, price in tiers:
            if input_tokens > above:
                return price.usd(input_tokens, output_tokens, cached_tokens)
        return super().usd(input_tokens, output_tokens, cached_tokens)


@runtime_checkable
class Priced(Protocol):
    def priced(self) -> Price | None:
        """What its calls cost; None for one that costs nothing, or whose price is not known."""


@lru_cache(maxsize=1024)
def price_of(service: str, model: str) -> Price | None:
    """What a service (a name in `PROVIDERS`) lists for a model; None where it lists nothing."""
    if service not in PROVIDERS:
        return None
    provider, model = PROVIDERS[service], model.removeprefix("models/")  # as Gemini has them
    tiers = _tiers(provider, model, int(time.time()) // HALF_HOUR)
    if not tiers:
        return None
    now = tiers[-1][1]
    return Listed(now.input, now.output, now.cached, provider, model)


@lru_cache(maxsize=4096)
def _tiers(provider: str, model: str, half_hour: int) -> tuple[tuple[int, Price], ...]:
    """The prices for prompts of more than so many tokens, the longest first; () for none."""
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import TieredPrices

    try:
        found = get_snapshot().find_provider_model(model, None, provider, None)[1]
    except LookupError:
        return ()
    listed = found.get_prices(datetime.fromtimestamp(half_hour * HALF_HOUR, UTC))
    rates = listed.input_mtok, listed.output_mtok, listed.cache_read_mtok
    if rates[0] is None and any(value is not None for value in vars(listed).values()):
        return ()  # sold by the page or the hour; one that lists nothing at all is free
    steps = {t.start for rate in rates if isinstance(rate, TieredPrices) for t in rate.tiers}

    def at(above: int) -> Price:
        values = (
            next((t.price for t in reversed(rate.tiers) if above >= t.start), rate.base)
            if isinstance(rate, TieredPrices)
            else rate
            for rate in rates
        )
        fresh, said, cached = (None if value is None else float(value) for value in values)
        return Price(fresh or 0.0, said or 0.0, cached)

    return tuple((above, at(above)) for above in sorted({-1, *steps}, reverse=True))


def prices_source() -> str:
    """The package that the list is from, with its version."""
    return f"genai-prices {version('genai-prices')}"


def prices_dated() -> date:
    """The latest change of a price that the list knows and that has come: it is no older."""
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import StartDateConstraint

    begun = (
        price.constraint.start_date
        for provider in get_snapshot().providers
        for model in provider.models
        if isinstance(model.prices, list)
        for price in model.prices
        if isinstance(price.constraint, StartDateConstraint)
    )
    today = datetime.now(UTC).date()
    return max((day for day in begun if day <= today), default=date.min)


# ---------------------------------------------------------------- one call


def cost(
    price: Price | None,
    where: Clearance,
    input_tokens: int,
    output_tokens: int = 0,
    cached_tokens: int = 0,
) -> float | None:
    """In US dollars; None where it is not known: a call out into the world without a price."""
    if price is not None:
        return price.usd(input_tokens, output_tokens, cached_tokens)
    return 0.0 if where < Clearance.WORLD else None


def is_charged(error: BaseException | None) -> bool:
    """Whether a call that ended so without a word may be charged: its answer had begun.

    Nobody charges for a question that was refused.
    """
    return error is None or isinstance(error, TimedOut | Garbled)


def afford(
    budget_usd: float,
    model: str,
    price: Price | None,
    where: Clearance,
    input_tokens: int,
    output_tokens: int,
) -> None:
    """OverBudget where a call of at most so many tokens may cost more than is left."""
    output_tokens = min(max(1, output_tokens), 10**9)  # a client may say -1, or what no float holds
    most = cost(price, where, input_tokens, output_tokens)
    if most is None:
        raise OverBudget(
            f"what {model} costs is not known, so it is not asked on a budget: set its `price`"
        )
    if most > 0 >= budget_usd:
        raise OverBudget(
            f"the budget is used up, and {model} costs money: ask a model that costs nothing, or "
            "raise the budget"
        )
    if most > budget_usd:
        raise OverBudget(
            f"asking {model} may cost ${most:.6f} and ${budget_usd:.6f} are left: ask for a "
            "shorter answer or a model that costs nothing, or raise the budget"
        )
