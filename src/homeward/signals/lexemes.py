"""Lexemes: the numbers, operators, units and clauses of a line, for `formulas`."""

import re
from collections.abc import Sequence
from enum import Enum
from typing import NamedTuple

_DIGITS = 15  # of a number; a longer one is a loop or an identifier
_COUNTED = "dozens?|half|halves|thirds?|quarters?|twice|doubled?|tripled?|thousands?"
_UNREADABLE = re.compile(
    rf"(?:{_COUNTED}|hundreds?|millions?|billions?|remainder|mod|sqrt|log|square[ds]?|cubed|cents?"
    r"|percent|by|to|from|than)",
    re.IGNORECASE,
)


_CLAUSE = frozenset({"and", "or", "is", "are", "was", "were", "if", "so", "because", "then"})


class Kind(Enum):
    NUMBER = "number"
    OPERATOR = "operator"
    OPEN = "("
    CLOSE = ")"
    WORD = "word"
    BREAK = "break"  # the end of a clause
    UNREADABLE = "unreadable"


class Token(NamedTuple):
    kind: Kind
    text: str
    spaced: bool  # whether white space stands before it


_LABEL = r"(?:step|part|day|week|month|year|case|option|question|method|phase|no|number|#)"
_TOKEN = re.compile(
    r"(?P<space>[ \t]{1,100})"
    rf"|(?P<label>\b{_LABEL}[ .]{{0,2}}\d{{1,3}}(?![\d.%]))"
    r"|(?P<clock>\d{1,9}(?::\d{1,9}|,\d{1,2}(?!\d)|(?:st|nd|rd|th)\b))"
    r"|(?P<number>(?:[$\u20ac\u00a3\u00a5\u20b9][ ]?)?"
    r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\w.])\.\d+)(?:[ ]?[%\u00a2])?)"
    r"|(?P<operator>[-+*/^]"
    r"|\bof(?=[ ](?:the[ ]|these[ ]|those[ ]|his[ ]|her[ ]|their[ ])?[$(\d])"
    r"|(?:(?<=[ \d])|\b)[xX](?=[ ]{0,2}[$(\d])"
    r"|\b(?:times|plus|minus|(?:multiplied|divided)[ ]by)\b)"
    r"|(?P<open>\()|(?P<close>\))"
    r"|(?P<word>[^\W\d_](?:[^\W\d_]|['\u2019-](?=[^\W\d_])){0,60})"
    r"|(?P<stop>[,;:.?\"|\[\]<>\n])"
    r"|(?P<other>.)",
    re.IGNORECASE | re.DOTALL,
)
SIGNS = {"x": "*", "of": "*", "times": "*", "plus": "+", "minus": "-", "multiplied": "*"}
ARTICLES = ("the", "these", "those", "his", "her", "their")


def tokens(text: str) -> list[Token]:
    """The tokens of a clause, in one pass. Quotation marks and dollar signs alone are dropped."""
    found: list[Token] = []
    spaced = True
    for match in _TOKEN.finditer(text):
        name, said = str(match.lastgroup), match[0]
        if name == "space" or said == "$":
            spaced = spaced or name == "space"
            continue
        if said.lower() == "of" and not _is_share(found):
            name = "stop"  # a total of 3 * 4
        found.append(Token(_kind(name, said, text[match.end() : match.end() + 1]), said, spaced))
        spaced = False
    return found


def _is_share(before: Sequence[Token]) -> bool:
    """Whether what was read last is a percentage or a fraction, so that ``of`` multiplies."""
    if not before or before[-1].kind is not Kind.NUMBER:
        return False
    return before[-1].text.endswith("%") or [token.text for token in before[-2:-1]] == ["/"]


def _kind(name: str, said: str, after: str) -> Kind:
    match name:
        case "number":
            return Kind.NUMBER if sum(map(str.isdigit, said)) <= _DIGITS else Kind.UNREADABLE
        case "label" | "stop":
            return Kind.BREAK
        case "word":
            if said.lower() in _CLAUSE:
                return Kind.BREAK
            named = len(said) == 1 and said != "a"  # 9A - 21 is algebra, as is f(3)
            unreadable = named or after == "(" or _UNREADABLE.fullmatch(said)
            return Kind.UNREADABLE if unreadable else Kind.WORD
        case "operator":
            return Kind.OPERATOR
        case "open" | "close":
            return Kind.OPEN if name == "open" else Kind.CLOSE
    return Kind.UNREADABLE
