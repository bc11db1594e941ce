"""JSON, tool calls and code in canonical form: equal answers are equal texts."""

import ast
import json
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from homeward.model import Answer
from homeward.signals.slots import visible
from homeward.signals.trial import passes

_FENCED = re.compile(r"```[ \t]{0,9}([\w+#-]{0,40})[^\n]{0,200}\n(.*?)(?:```|\Z)", re.DOTALL)
_OPENING = re.compile(r"[{\[]")
_OPENINGS_TRIED = 32  # a text full of brackets is prose, and each try costs its length


@dataclass(frozen=True)
class Json:
    """The JSON in the answer, keys sorted; with ``fields`` only those (a missing one is null).

    It may be the whole text, a fenced block, or stand in prose. Numbers are equal as numbers (2
    and 2.0). Abstains where no whole JSON object or array is found, or none of the ``fields``.
    """

    fields: Sequence[str] = ()

    def __call__(self, answer: Answer) -> str | None:
        found = _json_in(visible(answer))
        if found is None:
            return None
        if self.fields:
            if not isinstance(found, dict) or not any(name in found for name in self.fields):
                return None
            found = {name: found.get(name) for name in self.fields}
        try:
            return canonical_json(found)
        except RecursionError:  # nested deeper than can be compared
            return None


@dataclass(frozen=True)
class ToolCalls:
    """The tools that the answer calls: names and canonical arguments, in no order of their own.

    Abstains without a call, and where a call's arguments are no JSON.
    """

    def __call__(self, answer: Answer) -> str | None:
        try:
            calls = [[call.name, _loads(call.arguments or "{}")] for call in answer.tool_calls]
            return canonical_json(sorted(calls, key=canonical_json)) if calls else None
        except (ValueError, RecursionError):
            return None


@dataclass(frozen=True)
class Code:
    """The last fenced block, or the whole text where it is one program.

    Python: its functions and classes without docstrings, comments and layout (its statements
    where it defines none). Anything else, and Python that does not parse, is compared by its
    lines without trailing spaces and empty ones. Abstains on prose without code.

    With ``tests``, assert statements that call the last function of the answer as ``f``, all that
    pass are one answer, however they are written, and whoever fails abstains. The code is run for
    that, in a process with limits that is no sandbox (`trial`); without tests nothing is run.
    """

    language: str = "python"
    tests: Sequence[str] = ()

    def __call__(self, answer: Answer) -> str | None:
        text = visible(answer)
        if self.tests:
            return f"passes {len(self.tests)} tests" if passes(text, self.tests) else None
        blocks = _FENCED.findall(text)
        body = blocks[-1][1] if blocks else text
        language = (blocks[-1][0].casefold() if blocks else "") or self.language
        parsed = _python(body) if language in ("python", "py", "python3") else None
        if parsed is not None or not blocks:
            return parsed
        return "\n".join(line.rstrip() for line in body.splitlines() if line.strip()) or None


def canonical_json(value: Any) -> str:
    """Keys sorted, no spaces, whole floats as integers."""
    return json.dumps(_whole(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _whole(value: Any) -> Any:
    match value:
        case dict():
            return {key: _whole(item) for key, item in value.items()}
        case list():
            return [_whole(item) for item in value]
        case float() if value.is_integer():
            return int(value)
    return value


def _no_constant(word: str) -> Any:
    raise ValueError(f"{word} is not JSON")


_JSON = json.JSONDecoder(parse_constant=_no_constant)


def _loads(text: str) -> Any:
    return _JSON.decode(text)


def _json_in(text: str) -> Any:
    """The object or array in a text, the longest of those that stand in prose; None for none."""
    fenced = [body for _, body in reversed(_FENCED.findall(text))]
    for whole in (text, *fenced):
        try:
            found = _loads(whole.strip())
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict | list):
            return found
    best: tuple[int, Any] = (0, None)
    place = 0
    for _ in range(_OPENINGS_TRIED):
        opening = _OPENING.search(text, place)
        if opening is None:
            break
        try:
            found, place = _JSON.raw_decode(text, opening.start())
            best = max(best, (place - opening.start(), found), key=lambda pair: pair[0])
        except (ValueError, RecursionError):
            place = opening.end()
    return best[1]


def _python(source: str) -> str | None:
    """The code in one layout; None where it is no Python, or says nothing."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the model's escapes, not of ours
            module = ast.parse(source)
        defined = [
            part
            for part in module.body
            if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        ]
        body = defined or module.body
        if not defined and all(_is_word(part) for part in body):
            return None
        for part in body:
            _drop_docstrings(part)
        return ast.unparse(ast.Module(body=list(body), type_ignores=[]))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None  # the parser gives up on deep nesting with either of the last two


def _is_word(part: ast.stmt) -> bool:
    """A lone name or number: an answer of one word is not a program."""
    return isinstance(part, ast.Expr) and isinstance(part.value, ast.Name | ast.Constant)


def _drop_docstrings(tree: ast.AST) -> None:
    for part in ast.walk(tree):
        if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            first = part.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                part.body = part.body[1:] or [ast.Pass()]
