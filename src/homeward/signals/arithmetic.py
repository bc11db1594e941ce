"""Arithmetic: whether the equations that an answer writes down are true."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from homeward.model import Answer, Request
from homeward.reading import Reading
from homeward.signals.formulas import Formula, formula
from homeward.signals.lexemes import Kind, Token, tokens
from homeward.signals.slots import visible

_READ = 20_000  # characters of a text; the rest is not read
_CLAUSE = 2_000  # characters of one line
_NOTED = re.compile(r"<<([^<>\n]{0,200})>>")  # GSM8K's calculator notes: <<3*12=36>>36
_PLAIN: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"\\n(?!eq|e\b|u\b|abla|ot|i\b|mid|leq|geq)"), "\n"),  # in JSON that is not parsed
    (re.compile(r"\\(?:text|mathrm|textbf|mathbf)\s?\{([^{}]{0,80})\}"), r" \1 "),
    (re.compile(r"\\[dt]?frac\s?\{([^{}]{1,80})\}\s?\{([^{}]{1,80})\}"), r"((\1)/(\2))"),
    (re.compile(r"\\(?:times|cdot|ast)\b"), "*"),
    (re.compile(r"\\div\b"), "/"),
    (re.compile(r"\\boxed\s?\{([^{}]{1,80})\}"), r" \1 "),
    (re.compile(r"(?<=\d)\.{3,9}"), ""),  # 0.333...
    (re.compile(r"\\(?:left|right|quad|qquad|displaystyle)\b|\\[,!;: ]"), " "),
    (re.compile(r"\\(?:approx|simeq)\b|[\u2248\u2245\u2243]|~="), " =~ "),
    (re.compile(r"\\([$%])"), r"\1"),
    (re.compile(r"\\\\|\\[()\[\]]"), "\n"),
    (re.compile(r"&"), " "),
    (re.compile(r"(?<=\d)\*\*(?=\d)"), "^"),
    (re.compile(r"\*\*|`"), ""),  # bold
    (re.compile(r"[\u00d7\u2217\u22c5\u00b7\u2715]"), "*"),
    (re.compile(r"[\u00f7\u2044\u2215]"), "/"),
    (re.compile(r"[\u2212\u2013\ufe63]"), "-"),
    (re.compile(r"\{,\}|(?<=\d)[\u00a0\u202f\u2009](?=\d{3})"), ","),
    (re.compile(r"^[ \t]{0,20}(?:[-*\u2022+]|\d{1,2}[.)])[ \t]", re.MULTILINE), ""),  # list items
    (re.compile(r"\b(?:which |that )?(?:is equal to|equals)\b", re.IGNORECASE), "="),
    (re.compile(r"\s{0,20}\n\s{0,20}(?==)"), " "),  # a chain that goes on in the next line
)
_VULGAR = re.compile("(?<=\\d)([\u00bc-\u00be\u2150-\u215e])")
_RAISED = str.maketrans({"\u00b2": "^2", "\u00b3": "^3"})
_EQUAL = re.compile(r"(?<![<>!:=])=(?![=>])(~?)")
_UNIT = re.compile(
    r"\b(sec|min|hour|day|week|month|year|inch|f(?:oo|ee)t|yard|mile|meter|cm|km|ounce|pound|gram|kg|ml"
    r"|lit(?:er|re)|cup|pint|quart|gallon|cent|dollar|quarter|dime|nickel|penn)",
    re.IGNORECASE,
)
_OFF = re.compile(r"[-+] ?\d{1,3}(?:\.\d{1,3})?(?:%| percent)")
_RING = re.compile(r"\bmod|equiv|\u2261|remainder", re.IGNORECASE)
_ABOUT = frozenset({"about", "approximately", "roughly", "around", "usd", "only"})


@dataclass(frozen=True)
class Arithmetic:
    """``score`` is the share, 0 to 1, of an answer's equations that hold.

    Read are equations of numbers with their units, brackets and percentages: ``12 * 3 = 36``,
    ``<<4*20=80>>``, ``5 hours * $12/hour = $60``, chains too; computed exactly, with room for the
    decimals that a writer rounds. ``numbers`` has ``checked`` and ``wrong``. Abstains where there
    is nothing to check. A false equation says that an answer is likely wrong; true ones say
    little: most wrong answers compute the wrong thing correctly.
    """

    async def __call__(self, request: Request, answer: Answer, /) -> Reading:
        checked, wrong = equations(visible(answer))
        if not checked:
            return Reading(because="there is no equation to check")
        numbers = {"checked": float(checked), "wrong": float(wrong)}
        because = f"{wrong} of {checked} equations are wrong" if wrong else f"all {checked} hold"
        return Reading("false" if wrong else "true", 1 - wrong / checked, because, numbers)


def equations(text: str) -> tuple[int, int]:
    """How many equations of numbers a text has, and how many of them are wrong.

    In time linear in the text; of a longer one only the first 20,000 characters are read.
    """
    verdicts = [holds for _, holds in checked(text)]
    return len(verdicts), verdicts.count(False)


def checked(text: str) -> Iterator[tuple[str, bool]]:
    """Each equation that can be read, as ``left = right``, and whether it holds."""
    noted = [note[1] for note in _NOTED.finditer(text[:_READ])]
    for line in (*noted, *_plain(_NOTED.sub("", text[:_READ])).split("\n")):
        if "=" in line:
            yield from _line(line[:_CLAUSE])


def _plain(text: str) -> str:
    """LaTeX, bold and typographic signs as plain ones."""
    text = unicodedata.normalize("NFKC", _VULGAR.sub(r" \1", text.translate(_RAISED)))
    for pattern, plain in _PLAIN:
        text = pattern.sub(plain, text)
    return text


def _line(line: str) -> Iterator[tuple[str, bool]]:
    """The equations of one line: two neighbours around a sign, at a time."""
    parts = _EQUAL.split(line)
    sides = [tokens(part) for part in parts[::2]]
    for place, about in enumerate(parts[1::2]):
        left = _last(sides[place])
        right = _first(sides[place + 1])
        if left is None or right is None:
            continue
        whole = place > 0 and left[1]  # of a chain: 5 * 3 = 15 = 3 * 5
        if left[0].quantity or not (left[0].operations or (whole and right.operations)):
            continue
        said = f"{parts[2 * place]} = {parts[2 * place + 2]}"
        holds = _holds(left[0], right, said, about=bool(about))
        if holds or not _mixed(said):
            yield said, holds


def _last(side: Sequence[Token]) -> tuple[Formula, bool] | None:
    """The formula that ends a side, and whether it is all of it; None where none can be read."""
    place = 0
    while place < len(side):
        if side[place].kind in (Kind.NUMBER, Kind.OPEN) or _is_sign(side, place):
            found = formula(side, place)
            if found is not None:
                if found.end == len(side):
                    return None if _blocked(side, place) else (found, place == 0)
                place = found.end
                continue
        place += 1
    return None


def _is_sign(side: Sequence[Token], place: int) -> bool:
    """A minus that belongs to the number after it."""
    return place == 0 and side[place].text == "-" and side[1:2] != [] and not side[1].spaced


def _blocked(side: Sequence[Token], place: int) -> bool:
    """Whether what stands before a formula is part of it, and cannot be read."""
    if not place:
        return False
    before = side[place - 1].kind
    closes = before is Kind.CLOSE and not side[place].spaced
    return closes or before in (Kind.OPERATOR, Kind.UNREADABLE, Kind.NUMBER)


def _first(side: Sequence[Token]) -> Formula | None:
    """The formula that begins a side; None where it goes on in a way that cannot be read."""
    start = 0
    while start < len(side) and side[start].text.lower() in _ABOUT:
        start += 1
    found = formula(side, start)
    if found is None or found.end == len(side):
        return found
    after = side[found.end]
    dash = after.text == "-" and after.spaced  # 60 - which is more
    follows = after.kind in (Kind.UNREADABLE, Kind.NUMBER, Kind.OPERATOR)
    opens = after.kind is Kind.OPEN and not after.spaced
    return found if dash or not (follows or opens) else None


def _mixed(said: str) -> bool:
    """Whether an equation converts units, takes per cent off, or counts in a ring.

    What such a one means is not in its numbers, so it is never called wrong.
    """
    return (
        len({unit.lower() for unit in _UNIT.findall(said)}) > 1
        or _OFF.search(said) is not None
        or _RING.search(said) is not None
    )


def _holds(left: Formula, right: Formula, said: str, *, about: bool) -> bool:
    """Exactly, or as far as the decimals that were written go.

    In per cent or cents a hundredfold is the same, and a pupil's ``5 * 3 = 15 + 4 = 19`` is bad
    notation but right arithmetic.
    """
    factors = (1, 100, Fraction(1, 100)) if re.search("[%\u00a2]|cent", said) else (1,)
    values = (right.value, right.first) if right.operations else (right.value,)
    return any(
        _near(left, right, value * factor, about=about) for value in values for factor in factors
    )


def _near(left: Formula, right: Formula, value: Fraction, *, about: bool) -> bool:
    off = abs(left.value - value)
    if not off:
        return True
    if left.rounded or right.rounded or about:
        room = max(abs(left.value), abs(value)) / 100
        return off <= (max(room, Fraction(1)) if about else room)
    if right.operations:
        return False
    if right.places:
        return off < Fraction(1, 10**right.places)
    return off < 1 and not _ends(left.value)


def _ends(value: Fraction) -> bool:
    """Whether it is a decimal that ends; 10 / 3 is not, and may be rounded to a whole number."""
    under = value.denominator
    for prime in (2, 5):
        while under % prime == 0:
            under //= prime
    return under == 1
