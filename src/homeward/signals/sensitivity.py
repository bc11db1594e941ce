"""Sensitivity: whether a request holds what should stay at home, and of which class."""

import asyncio
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from homeward.errors import ConfigError
from homeward.model import Request
from homeward.reading import Reading
from homeward.signals.patterns import pattern_of
from homeward.signals.sensitive.contact import find_emails, find_ips
from homeward.signals.sensitive.cues import find_cues
from homeward.signals.sensitive.found import Detector, Found
from homeward.signals.sensitive.numbers import find_numbers
from homeward.signals.sensitive.secrets import find_secrets
from homeward.signals.travelling import travelling, unread

LABELS = ("secret", "id", "payment", "contact", "medical", "legal")
"""The classes that are looked for, the most serious first."""
KNOWN = (*LABELS, "network")
_DETECTORS: Sequence[tuple[frozenset[str], Detector]] = (
    (frozenset({"secret"}), find_secrets),
    (frozenset({"contact"}), find_emails),
    (frozenset({"id", "payment", "contact"}), find_numbers),
    (frozenset({"medical", "legal"}), find_cues),
    (frozenset({"network"}), find_ips),
)
LONG = 100_000
"""Characters from which a text is read in a thread."""
PUBLIC = "public"
UNREAD = "unread"


@dataclass(frozen=True)
class Sensitivity:
    """``label`` is the most serious class found: the first of ``labels``, or a pattern's name.

    ``secret`` are keys, passwords and private keys, ``id`` national ids and passports, ``payment``
    cards and bank accounts, ``contact`` e-mail addresses and telephone numbers, ``medical`` and
    ``legal`` cues; on request ``network``, IP addresses. ``patterns`` adds yours, by name: a
    regular expression or a list of words; they come last unless they stand among ``labels``.
    Where nothing is found the label is ``public``, or ``unread`` where there are images or files,
    which it cannot read. Never abstains.

    Reads all that would travel: every message, tools, what tools were told and answered.
    ``numbers`` counts what was found by detector; the words found are in no note. It knows no names
    and no street addresses: ``public`` is no proof. docs/signals.md has what it was measured on.
    """

    labels: Sequence[str] = LABELS
    patterns: Mapping[str, str | Sequence[str]] = field(
        default_factory=dict[str, "str | Sequence[str]"]
    )
    _compiled: Mapping[str, re.Pattern[str]] = field(init=False, repr=False, compare=False)
    _order: Mapping[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        for name in (*self.labels, *self.patterns):
            if name in self.patterns and name in (*KNOWN, PUBLIC, UNREAD):
                raise ConfigError(f"{name!r} is a class of its own; give your pattern another name")
            if name not in self.patterns and name not in KNOWN:
                known = ", ".join((*KNOWN, *self.patterns))
                raise ConfigError(f"sensitivity knows no class {name!r}; say some of {known}")
        compiled = {name: pattern_of(name, pattern) for name, pattern in self.patterns.items()}
        for name, pattern in self.patterns.items():
            if isinstance(pattern, str) and compiled[name].search(""):
                raise ConfigError(
                    f"{name}: {pattern!r} is found in every text; it must need a character"
                )
        order = dict.fromkeys((*self.labels, *self.patterns))
        object.__setattr__(self, "_compiled", compiled)
        object.__setattr__(self, "_order", {name: place for place, name in enumerate(order)})

    async def __call__(self, request: Request) -> Reading:
        text = travelling(request)
        # A book takes seconds: others are answered meanwhile.
        found = self.find(text) if len(text) < LONG else await asyncio.to_thread(self.find, text)
        counts = Counter(f"{one.label}: {one.kind}" for one in found)
        numbers = {kind: float(n) for kind, n in Counter(one.kind for one in found).items()}
        if found:
            because = ", ".join(f"{kind} ({n})" for kind, n in counts.items())
            return Reading(found[0].label, because=because, numbers=numbers)
        if parts := unread(request):
            because = "images or files, which are not read"
            return Reading(UNREAD, because=because, numbers={UNREAD: float(parts)})
        return Reading(PUBLIC, because="nothing sensitive was found")

    def find(self, text: str) -> list[Found]:
        """What is in a text, the most serious class first, nothing twice."""
        lower = text.lower()
        if len(lower) != len(text):  # a letter that grows would move all places behind it
            lower = "".join(sign.lower()[:1] for sign in text)
        found = [
            one
            for labels, detector in _DETECTORS
            if not labels.isdisjoint(self._order)
            for one in detector(text, lower)
            if one.label in self._order
        ]
        for name, pattern in self._compiled.items():
            found += [Found(name, name, *match.span()) for match in pattern.finditer(text)]
        return sorted(set(found), key=lambda one: self._order[one.label])
