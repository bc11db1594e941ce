"""Heuristic: faults of an answer that can be seen without understanding it."""

import json
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from homeward.model import Answer, Request
from homeward.reading import Reading
from homeward.signals.slots import refused, visible

# What an answer with the fault is worth. Ranks, not probabilities: an empty answer is no answer,
# a cut one may still be of use. All are below a cascade's usual threshold of 0.5.
FAULTS: Mapping[str, float] = {
    "empty": 0.0,
    "malformed": 0.1,
    "refused": 0.1,
    "filtered": 0.1,
    "loops": 0.2,
    "foreign": 0.3,
    "cut": 0.4,
}
_TAIL = 600  # characters in which a loop is looked for
_LOOP = re.compile(r"(.{2,60}?)\1{5,}\Z", re.DOTALL)
_LANGUAGE = re.compile(
    r"translat|in (?:\w+(?:ese|ish|ian)|german|greek|hebrew|hindi|thai|arabic|french)\b|"
    r"transliterat|alphabet|script|language|Unicode|emoji",
    re.IGNORECASE,
)
_LETTERS = 400  # enough to know a script


@dataclass(frozen=True)
class Heuristic:
    """``score`` is 1 for an answer without a visible fault, else what its worst fault leaves.

    Looks for: no words at all, a refusal, an end by length or by a content filter, a loop, letters
    of another script than the question's, JSON that was asked for and does not parse, tool calls
    with malformed arguments. ``label`` is the worst fault, or "sound". It costs nothing, and says
    nothing of whether the answer is right.
    """

    async def __call__(self, request: Request, answer: Answer) -> Reading:
        faults = sorted(set(_faults(request, answer)), key=FAULTS.__getitem__)
        if not faults:
            return Reading("sound", 1.0, "no visible fault")
        numbers = {fault: FAULTS[fault] for fault in faults}
        return Reading(faults[0], FAULTS[faults[0]], f"faults: {', '.join(faults)}", numbers)


def _faults(request: Request, answer: Answer) -> Iterator[str]:
    text = visible(answer)
    if answer.finish is not None and answer.finish.reason == "length":
        yield "cut"
    if answer.finish is not None and answer.finish.reason == "content_filter":
        yield "filtered"
    for call in answer.tool_calls:
        if not _is_json(call.arguments or "{}"):
            yield "malformed"
    if not text:
        if not answer.tool_calls:
            yield "empty"
        return
    if refused(text):
        yield "refused"
    if request.response_format is not None and not answer.tool_calls and not _is_json(text):
        yield "malformed"
    if loops(text):
        yield "loops"
    if not _LANGUAGE.search(request.prompt[-2000:]) and _foreign(request.prompt, text):
        yield "foreign"


def loops(text: str) -> bool:
    """Whether a text ends by saying one thing six times over, or says little but that."""
    tail = text[-_TAIL:]
    found = _LOOP.search(tail)
    if found and any(map(str.isalpha, found[1])):
        return True
    words = text[-8 * _TAIL :].split()
    runs = list(zip(words, words[1:], words[2:], words[3:], strict=False))
    return len(runs) >= 60 and len(set(runs)) < 0.35 * len(runs)


def _foreign(prompt: str, text: str) -> bool:
    asked, said = script(prompt), script(text)
    return asked is not None and said is not None and asked != said


def script(text: str) -> str | None:
    """The script of most letters: LATIN, CYRILLIC, HAN ...; None for few letters or a mixture.

    Han, hiragana and katakana are one: a Japanese question may be answered in any of them.
    """
    letters = [letter for letter in text[: 4 * _LETTERS] if letter.isalpha()][:_LETTERS]
    if len(letters) < 10:
        return None
    names = Counter(unicodedata.name(letter, "?").split(" ")[0] for letter in letters)
    for east in ("CJK", "HIRAGANA", "KATAKANA"):
        names["HAN"] += names.pop(east, 0)
    name, count = names.most_common(1)[0]
    return name if count > 0.7 * len(letters) else None


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
