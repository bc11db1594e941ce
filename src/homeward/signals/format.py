"""Format: whether an answer has the form that was asked for."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, NamedTuple

from homeward.model import Answer, Request
from homeward.reading import Reading
from homeward.signals.schema import faults
from homeward.signals.slots import visible

_READ = 4_000  # characters of the prompt's end, where the form is asked for
_NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "twelve")
_VALUES = {word: float(place) for place, word in enumerate(_NUMBERS, 1)} | {"twelve": 12.0}
_COUNT = rf"(\d{{1,4}}|{'|'.join(_NUMBERS)})"
_LIMIT = (
    r"(?:(at most|no more than|up to|fewer than|less than|under|maximum(?: of)?|within)|"
    r"(at least|no fewer than|minimum(?: of)?)|exactly|in|using|with)"
)
_SIZE = re.compile(
    rf"\b{_LIMIT} (?:an? )?{_COUNT}[ -]?(?:\w+ )?(words?|sentences?|paragraphs?|lines?)\b"
    r"(?! (?:each|per|apart|of|in|from|below|above|earlier|later))",
    re.IGNORECASE,
)
_ITEMS = re.compile(
    rf"\b(?:list|name|give(?: me)?|write|suggest|provide|mention|(?:bulleted|numbered) list of)"
    rf" (?:me )?(?:exactly )?{_COUNT} (?:bullet points?|items|examples|ideas|reasons|ways|tips|"
    r"points|names|steps|facts|questions|titles|suggestions|options)\b",
    re.IGNORECASE,
)
_JSON = re.compile(
    r"\b(?:respond|reply|answer|output|return|give (?:me )?(?:it|the \w+|your \w+))"
    r"(?: only)? (?:with|in|as|only)(?: only| a| an| valid)* json\b",
    re.IGNORECASE,
)
_MARK = re.compile(r"^[ \t]{0,12}(?:[-*\u2022+]|\d{1,3}[.)])[ \t]+\S", re.MULTILINE)
_SENTENCE = re.compile(r"[^.!?\s][^.!?]*(?:[.!?]+(?=\s|\Z)|[.!?]+(?=\S)[^.!?]*)*", re.DOTALL)
_FENCED = re.compile(r"\A\s*```[^\n`]{0,20}\n(.*?)\n?```\s*\Z", re.DOTALL)
SHOWN = 3  # faults named in a sentence


class Demand(NamedTuple):
    """What was asked for, and what is wrong with the answer; empty where it is met."""

    what: str
    wrong: str


@dataclass(frozen=True)
class Format:
    """``score`` is the share, 0 to 1, of the demands on an answer's form that it meets.

    Demands are read from the request: JSON, and its schema (see `schema` for what is checked),
    where ``response_format`` asks for it; and from the words of the last message, English ones
    only: a number of words, sentences, paragraphs or lines, "list five ideas", "one word", JSON.
    ``numbers`` has ``demands`` and ``met``. Abstains where nothing of that kind is asked. It says
    nothing of whether the answer is right; for refusals, cuts and loops see `heuristic`.
    """

    async def __call__(self, request: Request, answer: Answer, /) -> Reading:
        if answer.tool_calls:
            return Reading(because="a tool call has no form of its own")
        found = list(demands(request, visible(answer)))
        if not found:
            return Reading(because="no form is asked for that could be checked")
        wrong = [demand for demand in found if demand.wrong]
        met = len(found) - len(wrong)
        because = "; ".join(f"{d.what}: {d.wrong}" for d in wrong) or f"all {met} demands are met"
        numbers = {"demands": float(len(found)), "met": float(met)}
        label = "malformed" if wrong else "as asked"
        return Reading(label, met / len(found), because, numbers)


def demands(request: Request, text: str) -> Iterator[Demand]:
    """What a request asks of an answer's form, and how the text meets it."""
    prompt = request.prompt[-_READ:]
    if request.response_format is not None:
        yield Demand("JSON", _json(text, request.response_format.schema))
        return  # what the words ask for is inside it
    if _JSON.search(prompt):
        yield Demand("JSON", _json(_unfenced(text), None))
        return
    for asked in _SIZE.finditer(prompt):
        yield _sized(asked, text)
    listed = _ITEMS.search(prompt)
    items = len(_MARK.findall(text))
    if listed is not None and items:  # prose and a comma list cannot be counted
        met = items == _value(listed[1])
        yield Demand(listed[0], "" if met else f"it has {items}")


def _sized(asked: re.Match[str], text: str) -> Demand:
    most, least, count, unit = asked.groups()
    wanted, unit = _value(count), unit.lower().rstrip("s")
    size = _size(text, unit)
    strict = most is not None and most.lower() in ("fewer than", "less than", "under")
    if most is not None:
        fits = size < wanted if strict else size <= wanted
    else:
        fits = size >= wanted if least is not None else size == wanted
    return Demand(asked[0], "" if fits else f"it has {size}")


def _size(text: str, unit: str) -> int:
    match unit:
        case "word":
            return len(text.split())
        case "paragraph":
            return len([part for part in re.split(r"\n\s*\n", text) if part.strip()])
        case "line":
            return len([line for line in text.splitlines() if line.strip()])
    return len(_SENTENCE.findall(text))


def _value(count: str) -> float:
    return _VALUES.get(count.lower()) or float(count)


def _unfenced(text: str) -> str:
    found = _FENCED.match(text)
    return found[1] if found else text


def _json(text: str, schema: Mapping[str, Any] | None) -> str:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return "it does not parse"
    if schema is None:
        return ""
    try:
        return ", ".join(islice(faults(value, schema), SHOWN))
    except (TypeError, AttributeError, ValueError, RecursionError):
        return ""  # a schema that is none asks for nothing more
