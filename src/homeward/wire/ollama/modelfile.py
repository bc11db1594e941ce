"""Ollama's Modelfile: a model made of another one, with a prompt and settings of its own.

As docs/modelfile.mdx of ollama/ollama describes it, and its parser/parser.go reads it. Instructions
may stand in any order and any case.
"""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from msgspec import Struct, field

from homeward.errors import ConfigError
from homeward.wire.ollama.options import INTEGERS, NUMBERS

INSTRUCTIONS = (
    *("from", "parameter", "template", "system", "adapter", "license", "message"),
    *("renderer", "parser", "requires"),
)
ROLES = ("system", "user", "assistant")
GONE = (
    *("penalize_newline", "low_vram", "f16_kv", "logits_all", "vocab_only", "use_mlock"),
    *("mirostat", "mirostat_tau", "mirostat_eta"),
)
"""Parameters that Ollama reads no more; older files have them."""


class Said(Struct, frozen=True):
    """What an instruction says, and the line that it begins in."""

    text: str
    line: int


class Parameter(Struct, frozen=True):
    value: Any
    line: int


class Example(Struct, frozen=True):
    role: str
    content: str
    line: int


class Modelfile(Struct, frozen=True, kw_only=True):
    """``ignored`` are parameters that nobody reads any more. ``at`` names a place in the file."""

    origin: str
    sources: tuple[Said, ...]  # FROM: more than one for the parts of a split file
    system: Said | None = None
    template: Said | None = None
    adapters: tuple[Said, ...] = ()
    parameters: Mapping[str, Parameter] = field(default_factory=dict[str, Parameter])
    messages: tuple[Example, ...] = ()
    licences: tuple[Said, ...] = ()
    only_ollama: Mapping[str, Said] = field(default_factory=dict[str, Said])
    ignored: tuple[str, ...] = ()

    def at(self, line: int) -> str:
        return f"{self.origin}:{line}"


class _Row(Struct, frozen=True):
    word: str  # in small letters
    first: str  # a parameter's name, a message's role
    text: str
    line: int


def parse(text: str, origin: str = "Modelfile") -> Modelfile:
    """ConfigError names the line, as ``Modelfile:3``."""
    one: dict[str, Said] = {}
    several: dict[str, list[Said]] = {"from": [], "adapter": [], "license": []}
    parameters: dict[str, Parameter] = {}
    messages, ignored = list[Example](), list[str]()
    for row in _rows(text.removeprefix("\ufeff").replace("\r\n", "\n"), origin):
        said = Said(row.text, row.line)
        if row.word == "parameter":
            _set(parameters, ignored, row, origin)
        elif row.word == "message":
            messages.append(Example(row.first, row.text, row.line))
        elif row.word in several:
            several[row.word].append(said)
        else:
            one[row.word] = said  # as with Ollama, the last one holds
    if not several["from"]:
        raise ConfigError(f"{origin}: say what it is made of: FROM and a model, or a .gguf file")
    return Modelfile(
        origin=origin,
        sources=tuple(several["from"]),
        system=one.pop("system", None),
        template=one.pop("template", None),
        adapters=tuple(several["adapter"]),
        parameters=parameters,
        messages=tuple(messages),
        licences=tuple(several["license"]),
        only_ollama=one,
        ignored=tuple(ignored),
    )


# ---------------------------------------------------------------- lines


def _rows(text: str, origin: str) -> Iterator[_Row]:
    lines = text.split("\n")
    number = 0
    while number < len(lines):
        line, begun = lines[number].lstrip(), number + 1
        number += 1
        if not line or line.startswith("#"):
            continue
        word, rest = _cut(line)
        word = word.lower()
        if word not in INSTRUCTIONS:
            raise ConfigError(f"{origin}:{begun}: {_unknown(word, INSTRUCTIONS, str.upper)}")
        first = ""
        if word in ("parameter", "message"):
            first, rest = _cut(rest)
        if word == "message" and first not in ROLES:
            raise ConfigError(
                f"{origin}:{begun}: MESSAGE takes a role, one of {', '.join(ROLES)}, and a text"
            )
        while (value := _unquoted(rest)) is None:
            if number == len(lines):
                mark = '"""' if rest.startswith('"""') else '"'
                raise ConfigError(
                    f"{origin}:{begun}: the quotation that begins here has no end: close it with "
                    f"{mark} at the end of a line"
                )
            rest += "\n" + lines[number]
            number += 1
        if not value.strip():
            raise ConfigError(f"{origin}:{begun}: {word.upper()} needs a text behind it")
        yield _Row(word, first, value, begun)


def _cut(text: str) -> tuple[str, str]:
    first, *rest = text.split(maxsplit=1) or [""]
    return first, rest[0] if rest else ""


def _unquoted(text: str) -> str | None:
    """None where the quotation goes on in the next line."""
    whole = text.rstrip()
    for mark in ('"""', '"'):
        if text.startswith(mark):
            closed = len(whole) >= 2 * len(mark) and whole.endswith(mark)
            return whole[len(mark) : -len(mark)] if closed else None
    return whole


def _unknown(word: str, known: tuple[str, ...], written: Any = str) -> str:
    near = get_close_matches(word, known, 1)
    there = ", ".join(map(written, known))
    guess = f"did you mean {written(near[0])}?" if near else f"there are {there}"
    return f"there is no {written(word)!r}; {guess}"


# ---------------------------------------------------------------- parameters

PARAMETERS = (*INTEGERS, *NUMBERS, "stop", "use_mmap")


def _set(found: dict[str, Parameter], ignored: list[str], row: _Row, origin: str) -> None:
    name, at = row.first.lower(), f"{origin}:{row.line}"
    if name in GONE:
        ignored.append(name)
        return
    if name not in PARAMETERS:
        raise ConfigError(f"{at}: as a PARAMETER, {_unknown(name, PARAMETERS)}")
    if name == "stop":
        before = found[name].value if name in found else ()
        found[name] = Parameter((*before, row.text), row.line)
        return
    try:
        found[name] = Parameter(_value(name, row.text), row.line)
    except ValueError:
        kind = "true or false"
        if name != "use_mmap":
            kind = "a number" if name in NUMBERS else "a whole number"
        raise ConfigError(f"{at}: {name} is {row.text!r}: say {kind}") from None


def _value(name: str, text: str) -> bool | int | float:
    if name == "use_mmap":
        if text.lower() not in ("true", "false"):
            raise ValueError(text)
        return text.lower() == "true"
    return float(text) if name in NUMBERS else int(text)
