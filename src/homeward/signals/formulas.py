"""Formulas: what arithmetic a text writes down, read with its units and computed exactly.

``5 hours * $12/hour`` is 60. A formula is read from tokens by recursive descent; all that is not
plainly a number, an operator, a bracket or a unit ends it. Whoever guesses here would call right
answers wrong, so an operand that is a name, a function or half a clock time is unreadable.
"""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple

from homeward.signals.lexemes import ARTICLES, SIGNS, Kind, Token

LONGEST = 64  # operands in a formula
DEEPEST = 8  # brackets within brackets
_UNIT_WORDS = 7  # "20 students who had left early - 4 students"
_POWERS = frozenset("0123456789")  # as exponents
_LARGEST = 10**18  # of what is raised, above or below the line: powers of powers stay small
_CUT = re.compile(r"\.\d*(?:33|66|67)$|\.\d{3,}$")  # 33.33 and 0.1667 stand for a third, a sixth


class Formula(NamedTuple):
    """``end`` is the place after its last unit. ``places`` counts the decimals of its one number.

    ``first`` is the value of its first operand, ``rounded`` whether an operand looks cut, and
    ``quantity`` whether it is a mere fraction of something: 3/4 of the cake.
    """

    value: Fraction
    end: int
    operations: int
    first: Fraction
    places: int
    rounded: bool
    quantity: bool


def formula(line: Sequence[Token], start: int) -> Formula | None:
    """The longest formula that begins at a token, units after it included; None for none."""
    reader = _Reader(line, start)
    value = reader.sum(0)
    if value is None:
        return None
    return Formula(
        value,
        reader.place,
        reader.operations,
        reader.first,
        reader.places,
        reader.rounded,
        reader.operations == 1
        and _is_fraction(line[start : start + 3], spaced=False)
        and reader.place > start + 3,
    )


class _Reader:
    """Reads one formula; ``place`` is the next token."""

    def __init__(self, line: Sequence[Token], place: int) -> None:
        self.line = line
        self.place = place
        self.operations = 0
        self.operands = 0
        self.first = Fraction(0)
        self.places = 0
        self.rounded = False

    def sum(self, depth: int) -> Fraction | None:
        return self._chain(depth, "+-")

    def _chain(self, depth: int, operators: str) -> Fraction | None:
        value = self._inner(depth, operators)
        while value is not None and (operator := self._operator()) and operator in operators:
            before = self.place
            self.place += self.line[before].kind is Kind.OPERATOR
            right = self._inner(depth, operators)
            if right is None or (operator == "/" and not right):
                self.place = before  # the operand is unreadable, and the formula ends before it
                return value
            self.operations += 1
            value = _apply(operator, value, right)
        return value

    def _inner(self, depth: int, operators: str) -> Fraction | None:
        return self._chain(depth, "*/") if operators == "+-" else self._signed(depth)

    def _operator(self) -> str:
        token = self._at(self.place)
        if token is not None and token.kind is Kind.OPEN and not token.spaced and self.operands:
            return "*"  # 3(2 + 4)
        if token is None or token.kind is not Kind.OPERATOR:
            return ""
        word = token.text.split()[0].lower()
        return "/" if word == "divided" else SIGNS.get(word, word)

    def _signed(self, depth: int) -> Fraction | None:
        negative = self._operator() == "-"
        self.place += negative
        value = self._operand(depth)
        if value is None:
            self.place -= negative
            return None
        return -value if negative else value

    def _operand(self, depth: int) -> Fraction | None:
        if self.operands >= LONGEST:
            return None
        start = self.place
        while (article := self._at(self.place)) and article.text.lower() in ARTICLES:
            self.place += 1
        token = self._at(self.place)
        value: Fraction | None = None
        if token is not None and token.kind is Kind.NUMBER:
            value = self._number(token)
        elif token is not None and token.kind is Kind.OPEN and depth < DEEPEST:
            value = self._bracketed(depth)
        if value is None:
            self.place = start
            return None
        value = self._raised(value)
        self._units()
        return value

    def _bracketed(self, depth: int) -> Fraction | None:
        self.place += 1
        value = self.sum(depth + 1)
        closing = self._at(self.place)
        if value is None or closing is None or closing.kind is not Kind.CLOSE:
            return None
        self.place += 1
        if (after := self._at(self.place)) is not None and after.text == "%":
            self.place += 1  # a reading in per cent is tried anyway
        return value

    def _number(self, token: Token) -> Fraction | None:
        digits = token.text.strip("$\u20ac\u00a3\u00a5\u20b9%\u00a2 ").replace(",", "")
        self.place += 1
        value = Fraction(digits)
        fraction = self.line[self.place : self.place + 3]
        if value.denominator == 1 and _is_fraction(fraction, spaced=True) and int(fraction[2].text):
            value += Fraction(int(fraction[0].text), int(fraction[2].text))  # 2 1/2
            self.place += 3
        if token.text.endswith("%"):
            value /= 100
        if not self.operands:
            self.first = value
        self.operands += 1
        self.places = len(digits.partition(".")[2])
        self.rounded = self.rounded or _CUT.search(digits) is not None
        return value

    def _raised(self, value: Fraction) -> Fraction:
        if self._operator() != "^":
            return value
        power = self._at(self.place + 1)
        size = max(abs(value.numerator), value.denominator)
        if power is None or power.text not in _POWERS or size > _LARGEST:
            return value
        self.place += 2
        self.operations += 1
        return value ** int(power.text)

    def _units(self) -> None:
        """Words after an operand, ``/hour``, and a remark in brackets."""
        for _ in range(_UNIT_WORDS):
            token, after = self._at(self.place), self._at(self.place + 1)
            if token is None:
                return
            if token.kind is Kind.WORD:
                self.place += 1
            elif token.text == "/" and after is not None and after.kind is Kind.WORD:
                self.place += 2
            elif token.kind is Kind.OPEN and (end := self._remark()):
                self.place = end
            else:
                return

    def _remark(self) -> int:
        """The place after a bracket that holds words alone; 0 for none."""
        for place in range(self.place + 1, self.place + 2 + _UNIT_WORDS):
            token = self._at(place)
            if token is None or token.kind is not Kind.WORD:
                closes = token is not None and token.kind is Kind.CLOSE
                return place + 1 if closes and place > self.place + 1 else 0
        return 0

    def _at(self, place: int) -> Token | None:
        return self.line[place] if place < len(self.line) else None


def _is_fraction(three: Sequence[Token], *, spaced: bool) -> bool:
    return (
        len(three) == 3
        and (three[0].spaced or not spaced)
        and three[0].text.isdigit()
        and three[1].text == "/"
        and three[2].text.isdigit()
    )


def _apply(operator: str, left: Fraction, right: Fraction) -> Fraction:
    match operator:
        case "+":
            return left + right
        case "-":
            return left - right
        case "*":
            return left * right
    return left / right
