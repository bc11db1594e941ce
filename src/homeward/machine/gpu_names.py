"""Names of GPUs as drivers, data sheets and people spell them, taken apart to be compared."""

import re
from typing import NamedTuple

from homeward.machine.sizes import GIB

_ALIASES = {
    "strix halo": "Radeon 8060S",
    "ryzen ai max+ 395": "Radeon 8060S",
    "dgx spark": "GB10",
}
_SOFT = frozenset(
    ("geforce", "radeon", "instinct", "tesla", "quadro", "jetson", "nvidia", "amd", "intel")
)
"""Makers and brands: not every driver writes them, and few GPUs differ by them alone."""
_SAYS_NOTHING = frozenset(
    (
        *("graphics", "gpu", "corporation", "generation", "edition", "series", "workstation"),
        *("founders", "apple", "with", "design", "card", "video", "adapter", "inc", "dual", "slot"),
        *("developer", "kit", "engineering", "reference", "module", "processor", "server"),
    )
)
_OTHERS = frozenset(
    (
        *("ti", "super", "xt", "xtx", "gre", "mobile", "maxq", "d", "ada", "blackwell", "pro"),
        *("max", "ultra", "le", "m", "s", "sff", "nvl", "v2", "x2", "duo", "nano", "agx", "nx"),
    )
)
"""Words that make another GPU of it."""
_MEMORY_KIND = re.compile(r"(?:gddr|hbm|lpddr|ddr)\d\w?")


class Spelt(NamedTuple):
    """A name, taken apart. ``form`` is how the card is connected, ``size`` is in bytes."""

    words: frozenset[str]
    soft: frozenset[str]
    form: str | None
    size: int | None

    def fits(self, row: "Spelt") -> bool:
        if not row.words or not row.words <= self.words:
            return False
        if self.form and row.form and self.form != row.form:
            return False
        return not any(
            word in _OTHERS or any(letter.isdigit() for letter in word)
            for word in self.words - row.words
        )


def spelt(name: str) -> Spelt:
    """As `plain`, of names that people have for it too."""
    return plain(_ALIASES.get(name.strip().lower(), name))


def plain(name: str) -> Spelt:
    """A name of the table, or a driver's."""
    text = re.sub(r"\((?:r|tm|c)\)|[®™]", " ", name.lower())
    text = re.sub(r".*\bw/\s*", "", text)  # a processor's name with that of its graphics
    text = re.sub(r"\bmig\b.*|\b\d+g\.\d+gb\b.*|-\d+[abcq]\b", " ", text)  # a part of one
    text = re.sub(r"laptop(?: gpu)?|notebook|\bmobile\b", " mobile ", text)
    text = text.replace("max-q", "maxq")
    text = re.sub(r"[^a-z0-9.]+", " ", text)
    text = re.sub(r"(\d{3,4})(ti|super|xtx|xt|gre|d)\b", r"\1 \2", text)
    text = re.sub(r"\b(rtx|gtx|rx)(\d)", r"\1 \2", text)
    size = re.search(r"\b(\d+(?:\.\d+)?) ?g(?:i?b)?\b", text)
    if size:
        text = text.replace(size[0], " ")
    words = set(text.split())
    form: str | None = next((word for word in ("nvl", "pcie") if word in words), None)
    if form is None and any(word.startswith("sxm") or word == "hbm3" for word in words):
        form = "sxm"
    words = {
        word
        for word in words
        if word not in _SAYS_NOTHING
        and not _MEMORY_KIND.fullmatch(word)
        and not word.startswith(("sxm", "pcie"))
    }
    return Spelt(
        words=frozenset(words - _SOFT),
        soft=frozenset(words & _SOFT),
        form=form,
        size=round(float(size[1]) * GIB) if size else None,
    )
