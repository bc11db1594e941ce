"""Logprobs: how sure the model was of the tokens that it was least sure of."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from homeward.errors import ConfigError
from homeward.model import Answer, Logprob, Request
from homeward.reading import Reading


@dataclass(frozen=True)
class Logprobs:
    """``score`` is the probability, 0 to 1, that all but a share ``quantile`` of tokens exceed.

    A low quantile and not the mean: the mean favours long answers, in which a doubtful token
    drowns (Gupta et al., "Language Model Cascades: Token-level uncertainty and beyond", ICLR
    2024). 0 is the least likely token. Not a probability of being right, before it is calibrated.
    Abstains where the answer carries no logprobs. ``logprobs`` is how many alternatives per token
    a cascade asks for (0: the chosen token's alone). ``numbers`` has the probabilities ``p0``,
    ``p10`` and ``p50`` at the quantiles 0, 0.1 and 0.5, which a `Combined` check learns from.
    """

    quantile: float = 0.1
    logprobs: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.quantile <= 1:
            raise ConfigError(f"`quantile` is {self.quantile:g}; it is a share from 0 to 1")

    async def __call__(self, request: Request, answer: Answer) -> Reading:
        tokens = sorted(answer.logprobs, key=lambda token: token.logprob)
        if not tokens:
            return Reading(because="the answer carries no logprobs; its runtime may not send them")
        found = _at(tokens, self.quantile)
        score = _probability(found)
        quantiles = {f"p{100 * q:.0f}": _probability(_at(tokens, q)) for q in (0.0, 0.1, 0.5)}
        return Reading(
            score=score,
            because=f"p = {score:.2f} at the {self.quantile:g} quantile, {found.token!r}",
            numbers={"tokens": float(len(tokens)), **quantiles},
        )


def _at(tokens: Sequence[Logprob], quantile: float) -> Logprob:
    """Of tokens in rising order, the one that all but this share exceed."""
    return tokens[math.floor(quantile * (len(tokens) - 1))]


def _probability(token: Logprob) -> float:
    return math.exp(min(token.logprob, 0.0))
