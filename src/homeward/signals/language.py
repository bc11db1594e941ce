"""Language: which one a request is written in, by its script and its commonest words."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from homeward.model import Request
from homeward.reading import Reading
from homeward.signals.languages import ARABIC, CYRILLIC, DEVANAGARI, LATIN, SCRIPTS

_ENDS = 500  # characters read at each end: a language does not change with more of it
_LETTER = 0.7  # what a letter says, of what a word does
_PUNCTUATION = ".,;:!?\"'()[]{}<>*`/\\…“”„’«»¿¡،؟।-_=#0123456789"


class Table(NamedTuple):
    """Languages of one script: what a word, and a letter, says for each of them."""

    words: Mapping[str, Sequence[tuple[str, float]]]
    letters: Mapping[str, Sequence[tuple[str, float]]]


@dataclass(frozen=True)
class Language:
    """``label`` is an ISO 639-1 code of the last user message; ``score`` its share, 0 to 1, of
    the evidence for it and the next best, with half a unit of doubt added.

    By script where only one language here has it, else by function words and by letters that few
    have. A long message is read at both ends. Abstains below ``least`` units of evidence (about
    so many words of no other language): on short texts, on code, on languages that it does not
    know. Close relatives (Danish and Norwegian, Croatian and Serbian in Latin letters) need more
    words than others.
    """

    least: float = 1.0

    async def __call__(self, request: Request) -> Reading:
        text = request.prompt
        if len(text) > 2 * _ENDS:
            text = f"{text[:_ENDS]} {text[-_ENDS:]}"
        evidence = _evidence(text)
        ranked = sorted(evidence.items(), key=lambda one: (-one[1], one[0]))
        if not ranked or ranked[0][1] < self.least:
            return Reading(because="too little of any language")
        (label, best), (_, second) = ranked[0], [*ranked[:2], ("", 0.0)][1]
        if best == second:
            return Reading(because=f"as likely {ranked[1][0]} as {label}")
        because = f"{label} by its words" if label not in SCRIPTS else f"{label} by its script"
        return Reading(label, best / (best + max(second, 0.0) + 0.5), because, dict(ranked[:3]))


def _evidence(text: str) -> Mapping[str, float]:
    if text.isascii():
        return _by_words(text, _tables()["latin"])
    scripts: Counter[str] = Counter()
    letters = Counter(text)
    for letter, count in letters.items():
        if letter.isalpha():
            scripts[_script(ord(letter))] += count
    if not scripts:
        return {}
    # Japanese stands in three scripts, and one of them is China's.
    if scripts["ja"] and scripts["ja"] * 12 >= scripts["zh"]:
        scripts["ja"] += scripts.pop("zh", 0)
    script = max(scripts, key=scripts.__getitem__)
    if not script:  # none that is known here
        return {}
    table = _tables().get(script)
    if table is None:  # a sign of those scripts is a syllable or a word, and says as much
        return {script: scripts[script] / 4}
    return _by_words(text, table, letters)


def _by_words(text: str, table: Table, letters: Iterable[str] = ()) -> Mapping[str, float]:
    """Twice the same word says less than two words: evidence grows with the root of the count."""
    found: dict[str, float] = {}
    for word, count in Counter(text.lower().split()).items():
        for language, weight in table.words.get(word.strip(_PUNCTUATION), ()):
            found[language] = found.get(language, 0.0) + weight * count**0.5
    for letter in {letter.lower() for letter in letters} & table.letters.keys():
        having = table.letters[letter]
        for language, weight in having:
            found[language] = found.get(language, 0.0) + _LETTER * weight
        for language in found.keys() - {language for language, _ in having}:
            found[language] -= _LETTER  # a name may have it
    return found


@cache
def _tables() -> Mapping[str, Table]:
    scripts = {"latin": LATIN, "cyrillic": CYRILLIC, "arabic": ARABIC, "devanagari": DEVANAGARI}
    return {script: _table(languages) for script, languages in scripts.items()}


def _table(languages: Mapping[str, str]) -> Table:
    words: dict[str, list[str]] = {}
    letters: dict[str, list[str]] = {}
    for language, listed in languages.items():
        of_words, _, of_letters = listed.partition("|")
        for word in dict.fromkeys(of_words.split()):
            words.setdefault(word, []).append(language)
        for letter in of_letters.strip():
            letters.setdefault(letter, []).append(language)
    return Table(*({key: _shared(of) for key, of in one.items()} for one in (words, letters)))


def _shared(languages: Sequence[str]) -> Sequence[tuple[str, float]]:
    return [(language, len(languages) ** -0.5) for language in languages]


def _script(point: int) -> str:
    if point < 0x250 or 0x1E00 <= point < 0x1F00:
        return "latin"
    if 0x400 <= point < 0x530:
        return "cyrillic"
    if 0x600 <= point < 0x780 or 0xFB50 <= point < 0xFF00:
        return "arabic"
    if 0x900 <= point < 0x980:
        return "devanagari"
    if 0x3040 <= point < 0x3100:
        return "ja"
    if 0x3400 <= point < 0xA000 or 0x20000 <= point < 0x30000:
        return "zh"
    return next((name for name, (low, high) in SCRIPTS.items() if low <= point <= high), "")
