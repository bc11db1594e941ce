"""Logprobs: how sure the model was of the tokens that it was least sure of."""

import math
from dataclasses import dataclass

from homeward.errors import ConfigError
from homeward.model import Answer, Request
from homeward.reading import Reading


@dataclass(frozen=True)
class Logprobs:
    """``score`` is the probability, 0 to 1, that all but a share ``quantile`` of tokens exceed.

    A low quantile and not the mean: the mean favours long answers, in which a doubtful token
    drowns (Gupta et al., "Language Model Cascades: Token-level uncertainty and beyond", ICLR
    2024). 0 is the least likely token. Not a probability of being right, before it is calibrated.
    Abstains where the answer carries no logprobs. ``logprobs`` is how many alternatives per token
    a cascade asks for (0: the chosen token's alone).
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
        found = tokens[math.floor(self.quantile * (len(tokens) - 1))]
        score = math.exp(min(found.logprob, 0.0))
        return Reading(
            score=score,
            because=f"p = {score:.2f} at the {self.quantile:g} quantile, {found.token!r}",
            numbers={"tokens": float(len(tokens))},
        )
