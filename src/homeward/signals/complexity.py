"""Complexity: how much a request asks for, by what can be seen on its surface."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from homeward.errors import ConfigError
from homeward.model import Request
from homeward.reading import Reading

# What one more of each adds to the load. Chosen by hand, not fitted: a trained router is another
# signal. All positive, so that adding to a request never makes it simpler.
WEIGHTS: Mapping[str, float] = {
    "words": 0.004,
    "numbers": 0.04,
    "questions": 0.08,
    "code_lines": 0.03,
    "constraints": 0.07,
    "steps": 0.15,
}
_READ = 4_000  # characters: the words alone of so much come to 0.94
_DEMANDS = 1_000  # of these, for all but the words: a signal must stay cheap
_EDGE = r"(?:\A|[^\w])"  # a pattern that begins with \b takes three times as long
_COUNTED: Mapping[str, re.Pattern[str]] = {
    "numbers": re.compile(r"[0-9](?<![\w.][0-9])[0-9.,]*"),
    "questions": re.compile(r"\?"),
    "code_lines": re.compile(r"[;{}]$|^(?: {4}|\t)\S|^```", re.MULTILINE),
    "constraints": re.compile(
        _EDGE + r"(?:must|should|exactly|at least|at most|no more than|without|only|except|unless|"
        r"each|every|both|in the style|format(?:ted)?|constraints?)(?!\w)"
    ),
    "steps": re.compile(
        _EDGE + r"(?:step by step|prove|proof|derive|compare|contrast|trade-?offs?|design|"
        r"architect\w{0,20}|optimi[sz]e|refactor|debug|analy[sz]e|evaluate|plan|"
        r"explain (?:why|how)|critique|justify|then|finally)(?!\w)"
    ),
}


@dataclass(frozen=True)
class Complexity:
    """``score`` is 1 - exp(-load), 0 for nothing and towards 1 for a long list of demands.

    The load is a weighted sum of counts in the last user message: its words and, in the first of
    it, numbers, questions, lines of code, constraints (must, at least, without ...) and words for
    several steps. The counts are in ``numbers``. Labels are the first of ``bounds`` that the score
    stays below, else ``above``. A rule of thumb: it knows neither the subject nor other languages'
    words.
    """

    bounds: Mapping[str, float] = field(default_factory=lambda: {"simple": 0.3, "medium": 0.7})
    above: str = "complex"

    def __post_init__(self) -> None:
        limits = list(self.bounds.values())
        if limits != sorted(limits):
            raise ConfigError(
                "the `bounds` of complexity must rise, as in simple: 0.3, medium: 0.7"
            )

    async def __call__(self, request: Request) -> Reading:
        prompt = request.prompt[:_READ]
        demands = prompt[:_DEMANDS].lower()
        counts = {
            "words": len(prompt.split()),
            **{name: len(pattern.findall(demands)) for name, pattern in _COUNTED.items()},
        }
        score = 1 - math.exp(-sum(WEIGHTS[name] * count for name, count in counts.items()))
        label = next((name for name, limit in self.bounds.items() if score < limit), self.above)
        because = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
        return Reading(
            label,
            score,
            because.replace("_", " ") or "empty",
            {n: float(c) for n, c in counts.items()},
        )
