"""Patterns of yours: a regular expression, or a list of words, as one compiled pattern."""

import re
from collections.abc import Sequence

from homeward.errors import ConfigError


def pattern_of(what: str, pattern: str | Sequence[str]) -> re.Pattern[str]:
    """Ignores case; words are found whole. ``what`` it is the pattern of begins a ConfigError."""
    if not isinstance(pattern, str):
        words = "|".join(re.escape(word) for word in pattern)
        return re.compile(rf"(?<!\w)(?:{words})(?!\w)", re.IGNORECASE)
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        shown = pattern if len(pattern) <= 60 else f"{pattern[:57]}..."
        raise ConfigError(
            f"{what}: {shown!r} is no regular expression: {error.msg} "
            f"at character {error.pos}; write \\ before a sign that is meant as itself"
        ) from None
