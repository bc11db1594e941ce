"""Verdicts: what a judge's one word is worth, with the probabilities behind it."""

from collections.abc import Mapping
from math import exp

from homeward.fence import verdict
from homeward.model import Answer


def expected(said: Answer, scale: Mapping[str, float]) -> float | None:
    """The mean value of the scale's words, by the probabilities of the token that was said.

    Without logprobs the value of the word itself; None where the text is no word of the scale.
    """
    word = verdict(said.text, scale)
    if word is None:
        return None
    token = next((p for p in said.logprobs if verdict(p.token, scale)), None)
    if token is None:
        return scale[word]
    chances = {
        text: (exp(min(logprob, 0.0)), scale[known])
        for text, logprob in (*token.top, (token.token, token.logprob))
        if (known := verdict(text, scale)) is not None
    }
    total = sum(p for p, _ in chances.values())
    return sum(p * value for p, value in chances.values()) / total if total else scale[word]
