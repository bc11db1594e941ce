"""Rules: patterns and keywords that you write say what a request is about."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from homeward.errors import ConfigError
from homeward.model import Request
from homeward.reading import Reading
from homeward.signals.patterns import pattern_of


@dataclass(frozen=True)
class Rules:
    """The label of the first rule that matches the last user message; abstains when none does.

    A rule is ``{label: pattern}``, a regular expression searched without regard to case, or
    ``{label: [word, ...]}``, words found whole. ``score`` is 1: a rule matches or it does not.
    Patterns are trusted configuration: they run unbounded on what users send, so never take one
    from a request.
    """

    rules: Sequence[Mapping[str, str | Sequence[str]]]
    _compiled: tuple[tuple[str, re.Pattern[str]], ...] = field(
        init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        compiled = tuple(
            (label, pattern_of(f"rule {place} ({label})", pattern))
            for place, rule in enumerate(self.rules, 1)
            for label, pattern in rule.items()
        )
        if not compiled:
            raise ConfigError("the rules are empty; write at least one {label: pattern}")
        object.__setattr__(self, "_compiled", compiled)

    async def __call__(self, request: Request) -> Reading:
        prompt = request.prompt
        for label, pattern in self._compiled:
            if found := pattern.search(prompt):
                return Reading(label, 1.0, f"{label}: the request has {found[0][:40]!r}")
        return Reading(because="no rule matches")
