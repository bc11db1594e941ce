"""Number: the number that an answer gives, as a canonical decimal."""

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction

from homeward.model import Answer
from homeward.signals.slots import refused, slot, visible

_LONGEST = 300  # characters; a longer run of digits is a loop, not an answer
_DIGITS = r"(?:(?:\d{1,3}(?:,\d{2,3}){0,20},\d{3}(?!\d|,\d)|\d+)(?:\.\d+)?|\.\d+)"
_NUMBER = re.compile(
    r"(?P<before>(?<![\w)\]])[-\u2212])?(?:[$\u20ac\u00a3\u00a5\u20b9]\s?)?"
    r"(?P<after>(?<=[$\u20ac\u00a3\u00a5\u20b9])[-\u2212])?(?<![A-Za-z_0-9])"
    rf"(?:(?P<whole>\d+)\s+(?=\d+\s*/\s*\d))?(?P<digits>{_DIGITS})"
    r"(?:\s*/\s*(?P<under>\d+(?:\.\d+)?)(?!\s*/|[\d.,]*\d)"
    r"|[eE](?P<e>[-+]?\d{1,3})(?!\w)"
    r"|\s*(?:[x\u00d7*]|\\times|\\cdot)\s*10\s*\^\s*\{?(?P<ten>[-\u2212+]?\d{1,3})\}?)?"
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*(-?\d+)\s*\}\s*\{\s*(\d+)\s*\}")


@dataclass(frozen=True)
class Number:
    """The number in the marked slot, else the last one said; 1,234.50 and $1234.5 are equal.

    Fractions are divided out, exactly or to 12 decimals; scientific notation is expanded; a
    percent sign and a unit are dropped, since "what per cent" is answered with and without.
    ``places`` rounds. Abstains on a slot without a number, on a refusal, and on an answer that
    was cut before it came to its slot.
    """

    places: int | None = None

    def __call__(self, answer: Answer) -> str | None:
        text = visible(answer)
        marked = slot(text)
        if marked is not None:
            return self._first(marked.rpartition("=")[2]) or self._first(marked)
        if refused(text) or _cut(text, answer):
            return None
        found = list(_NUMBER.finditer(_plain(text)))
        return canonical(found[-1], self.places) if found else None

    def _first(self, text: str) -> str | None:
        found = _NUMBER.search(_plain(text))
        return canonical(found, self.places) if found else None


def canonical(found: re.Match[str], places: int | None = None) -> str | None:
    """A decimal without exponent, group commas or idle zeros; None when it is no number."""
    if len(found[0]) > _LONGEST:
        return None
    value = Fraction(found["digits"].replace(",", ""))
    if found["under"]:
        under = Fraction(found["under"])
        if not under:
            return None
        value = value / under + int(found["whole"] or 0)
    exponent = found["e"] or found["ten"]
    if exponent:
        value *= Fraction(10) ** int(exponent.replace("\u2212", "-"))
    if found["before"] or found["after"]:
        value = -value
    return decimal(value if places is None else round(value, places))


def decimal(value: Fraction) -> str:
    """Whole numbers exactly, others to 12 decimals or significant digits, whichever is more."""
    if value.denominator == 1:
        return str(value.numerator)
    digits = 12 + len(str(abs(value.numerator) // value.denominator))
    quotient = Context(prec=digits).divide(Decimal(value.numerator), Decimal(value.denominator))
    return f"{quotient:f}".rstrip("0").rstrip(".")


def _plain(text: str) -> str:
    """LaTeX written as plain numbers."""
    text = _FRACTION.sub(r"\1/\2", text)
    return text.replace("{,}", ",").replace("\\,", "").replace("\\!", "").replace("\\$", "$")


def _cut(text: str, answer: Answer) -> bool:
    """Ended by length, or a JSON object that was never closed: its last number is any number."""
    if answer.finish is not None and answer.finish.reason == "length":
        return True
    body = re.sub(r"\A```\s*\w*\s*", "", text)
    return body.startswith("{") and "}" not in body
