"""What a number is called: the words near it that say what it is."""

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from homeward.signals.sensitive.national import COUNTED

REACH = 48
"""Characters between a word and the number it speaks of; half as many where it comes after."""

_ANY_ID = (
    "national id*|id no|id nr|id num*|id card|identity no|identity num*|identity card|"
    "identification no|identification num*|personal id*|personal number|tax id*|tax no|tax number|"
    "taxpayer id*|social security|social insurance|identifikat*|ausweis*|citizen id|"
    "citizenship num*|steuernummer|steueridentifikationsnummer"
)
"""Words for an id of any country."""
_PHONE = (
    "phone*|telephone*|tel|call|mobile*|cell|cellphone|fax|whatsapp|sms|text me|reach me|reach us|"
    "reach her|reach him|ring|dial|telefon*|handy*|mobil*|rufnummer*|téléphone|telephone|portable|"
    "teléfono|telefono|móvil|movil|celular|telefone|telefoon*|cellulare|puhelin*|puh|gsm|τηλέφωνο|"
    "τηλ|телефон*|тел|电话*|手机*|電話*|携帯*|전화*|هاتف"
)
_CARD = (
    "card*|credit|debit|visa|mastercard|amex|american express|diners|discover|maestro|cc|"
    "kreditkarte*|carte|tarjeta*|carta|cartão|cartao"
)
_KEY = 2
"""First letters by which entries are kept: no entry is shorter."""


class Entry(NamedTuple):
    word: str
    goes_on: bool
    kinds: frozenset[str]


def _entries() -> dict[str, list[Entry]]:
    kinds: dict[str, set[str]] = {}
    with_check = {one.kind for one in COUNTED if one.module or one.kind == "us_ssn"} - {"ar_dni"}
    listed = [(one.words, {one.kind}) for one in COUNTED]
    for words, them in (*listed, (_ANY_ID, with_check), (_PHONE, {"phone"}), (_CARD, {"card"})):
        for word in words.split("|"):
            kinds.setdefault(word, set()).update(them)
    found: dict[str, list[Entry]] = {}
    for word, them in kinds.items():
        entry = Entry(word.rstrip("*"), word.endswith("*"), frozenset(them))
        found.setdefault(word[:_KEY], []).append(entry)
    return found


_ENTRIES = _entries()
_WORD = re.compile(r"[^\W\d_]{2,}")
_UNSPACED = re.compile(r"身份证|주민등록|电话|手机|電話|携帯|전화")
"""Words that stand in the midst of others, in scripts without spaces."""


class Word(NamedTuple):
    start: int
    end: int
    kinds: frozenset[str]


class Called:
    """The words around some numbers of a text, read once however many numbers there are."""

    def __init__(self, lower: str, numbers: Iterable[tuple[int, int]]) -> None:
        self._words = [
            word
            for start, end in _around(numbers, len(lower))
            for word in _words(lower, start, end)
        ]
        self._starts = [word.start for word in self._words]

    def kinds(self, start: int, end: int) -> frozenset[str]:
        """Kinds of number that the words near this place speak of."""
        if not self._words:
            return frozenset()
        low = bisect_left(self._starts, start - REACH)
        high = bisect_left(self._starts, end + REACH // 2)
        return frozenset[str]().union(*(word.kinds for word in self._words[low:high]))

    def just_before(self, start: int, kind: str) -> int:
        """Where the nearest word for a kind ends, if before this place; -1 where none is."""
        low = bisect_left(self._starts, start - REACH)
        high = bisect_left(self._starts, start)
        ends = [word.end for word in self._words[low:high] if kind in word.kinds]
        return ends[-1] if ends else -1


def _words(lower: str, start: int, end: int) -> Iterator[Word]:
    for match in _WORD.finditer(lower, start, end):
        begin = match.start()
        for word, goes_on, kinds in _ENTRIES.get(lower[begin : begin + _KEY], ()):
            last = begin + len(word)
            if lower.startswith(word, begin) and (goes_on or not lower[last : last + 1].isalnum()):
                yield Word(begin, match.end() if goes_on else last, kinds)
    if not lower.isascii():
        for match in _UNSPACED.finditer(lower, start, end):
            for entry in _ENTRIES[match[0][:_KEY]]:
                yield Word(*match.span(), entry.kinds)


def _around(numbers: Iterable[tuple[int, int]], size: int) -> Iterator[tuple[int, int]]:
    """Where to read, overlapping places as one, so that no character is read twice."""
    begin, until = 0, -1
    for start, end in numbers:
        if start - REACH > until:
            if until >= 0:
                yield begin, until
            begin = max(0, start - REACH)
        until = min(size, end + REACH // 2)
    if until >= 0:
        yield begin, until
