"""Surface features: what can be counted in a text without knowing its words."""

import math
import re
from collections.abc import Sequence

from homeward.signals.text.words import ends

NAMES = (
    "words",
    "characters",
    "word_length",
    "digits",
    "numbers",
    "lines",
    "marks",
    "signs",
    "capitals",
    "questions",
    "variety",
)
"""What `surface` returns, in its order. Counts are logarithms, the others are shares."""

_NUMBER = re.compile(r"\d[\d.,]*")
_DIGITS = str.maketrans("", "", "0123456789")
_SIGNS = str.maketrans("", "", "$\\^=+*/<>_{}")
_CAPITAL = re.compile(r"(?<!\S)[A-Z]")


def surface(text: str) -> Sequence[float]:
    """The numbers called as in `NAMES`; of a long text from its two ends, scaled to its length."""
    seen = ends(text)
    longer = len(text) / max(len(seen), 1)
    said = seen.split()
    words, characters = len(said), len(seen)
    least = max(words, 1)
    return (
        math.log1p(words * longer),
        math.log1p(len(text)),
        characters / least,
        (characters - len(seen.translate(_DIGITS))) / max(characters, 1),
        math.log1p(len(_NUMBER.findall(seen)) * longer),
        seen.count("\n") * longer,
        math.log1p((seen.count(",") + seen.count(".")) * longer),
        math.log1p((characters - len(seen.translate(_SIGNS))) * longer),
        len(_CAPITAL.findall(seen)) / least,
        seen.count("?") * longer,
        len(set(said)) / least,
    )
