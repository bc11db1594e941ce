"""Plain values of the file: text, numbers, durations, words, paths."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from homeward.config.items import Item
from homeward.config.shapes import (
    AnyOf,
    Anything,
    Duration,
    Fields,
    ListOf,
    ManyModels,
    MappingOf,
    Named,
    Nothing,
    OneModel,
    Scalar,
    Shape,
    Words,
)

DURATION = r"^([0-9]+(?:\.[0-9]*)?|\.[0-9]+)\s*(ms|s|m|h|)$"
_SECONDS = {"ms": 0.001, "s": 1.0, "": 1.0, "m": 60.0, "h": 3600.0}
_TRUTH = {"true": True, "false": False, "yes": True, "no": False, "on": True, "off": False}


def seconds(text: str) -> float:
    """From ``2s``, ``500ms``, ``1m``, ``1h`` or a plain number; ValueError otherwise."""
    match = re.match(DURATION, text)
    if match is None:
        raise ValueError(text)
    return float(match[1]) * _SECONDS[match[2]]


def scalar(item: Item, shape: Scalar | Duration | Words, base: Path) -> Any:
    """The value; ValueError when it is of another type. ``base`` is what a path starts from.

    A value from a variable is text in the file and is read as whatever is wanted here.
    """
    if isinstance(item.value, list | dict):
        raise ValueError(item)
    match shape:
        case Duration():
            return seconds(item.text)
        case Words(words):
            if item.text in words:
                return words[item.text]
        case Scalar(None):
            if item.value is None:
                return None
        case Scalar(kind) if item.value is not None:
            return _typed(item, kind, base)
    raise ValueError(item)


def _typed(item: Item, kind: Any, base: Path) -> Any:
    value = item.value
    if kind is str:
        return item.text
    if kind is Path:
        return base / Path(item.text).expanduser()
    if kind is bool:
        if isinstance(value, str) and item.text.lower() in _TRUTH:
            return _TRUTH[item.text.lower()]
    elif item.from_environment:
        return kind(item.text)
    elif kind is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if type(value) is kind:
        return value
    raise ValueError(item)


NEVER = 9


def distance(item: Item, shape: Shape) -> int:
    """How far a value is from the form that this shape wants: 0 fits, `NEVER` cannot be."""
    match item.value, shape:
        case None, _:
            return 0 if shape == Scalar(None) or isinstance(shape, Anything) else NEVER
        case list(), ManyModels() | ListOf() | Anything():
            return 0
        case dict(), OneModel() | ManyModels() | Named() | MappingOf() | Fields() | Anything():
            return 0
        case (list() | dict(), _) | (_, ManyModels() | ListOf() | MappingOf() | Fields()):
            return NEVER
        case value, Scalar(kind) if kind is not None:
            return 0 if type(value) is kind else 3 if kind is str else 2
        case _, Scalar(None):
            return NEVER
    return 1


def plain(item: Item) -> Any:
    """The value as YAML alone has it, where the type is not known."""
    match item.value:
        case dict() as mapping:
            return {key: plain(child) for key, child in mapping.items()}
        case list() as items:
            return [plain(child) for child in items]
        case value:
            return value


def expects(shape: Shape) -> str:
    """What a field takes, for a sentence that begins with "takes"."""
    match shape:
        case OneModel():
            return "a model: a name, or {kind: {...}}"
        case ManyModels(or_one=True):
            return "a model or a list of them: names, or {kind: {...}}"
        case ManyModels() | ListOf(OneModel()):
            return "models: a list of names or of {kind: {...}}"
        case Named(table):
            article = "an" if table[0] in "aeiou" else "a"
            return f"{article} {table}: a name, or {{name: {{...}}}}"
        case Scalar(kind):
            return _SCALARS[kind]
        case Duration():
            return "a duration such as 2s, 500ms or 1m"
        case Words(words):
            return f"one of {', '.join(words)}"
        case ListOf(of):
            return f"a list (of each: {expects(of)})"
        case MappingOf(of):
            return f"a mapping (for each name: {expects(of)})"
        case Fields(of):
            return f"a mapping with the fields of {of.__name__}"
        case AnyOf(shapes):
            return " or ".join(dict.fromkeys(expects(s) for s in shapes if s != Scalar(None)))
        case Anything():
            return "any value"
        case Nothing():
            return "what only Python can give it"


_SCALARS: dict[Any, str] = {
    None: "null",
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    Path: "a path",
}


def guess(word: str, among: Iterable[str], nearness: float = 0.6) -> str:
    """``; did you mean 'x'?``, or nothing when nothing is near. ``nearness`` is difflib's ratio."""
    near = get_close_matches(word, list(among), 1, nearness)
    return f"; did you mean {near[0]!r}?" if near else ""


def shown(item: Item) -> str:
    """How a message shows a value: as it stands in the file, never what a variable held."""
    match item.value:
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case None:
            return "nothing"
    return repr(item.written if len(item.written) <= 40 else item.written[:37] + "...")
