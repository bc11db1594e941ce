"""Answers: typed extractors. What is compared in a vote or an agreement is what they find.

Each returns the answer in canonical form, so that equal answers are equal texts, or None: an
answer that is empty, a refusal or "I don't know" abstains, it never votes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from homeward.errors import ConfigError
from homeward.model import Answer
from homeward.reading import Extractor
from homeward.signals.numbers import Number
from homeward.signals.slots import lines, normalised, refused, slot, visible
from homeward.signals.structured import Code, Json, ToolCalls


@dataclass(frozen=True)
class Choice:
    """One of ``letters``, upper case: "B", "(B)", "B. Paris", "the answer is B".

    A letter counts in a slot only, or alone in its line: the article in "A dog" is no choice.
    """

    letters: str = "ABCDEFGHIJ"
    _patterns: tuple[re.Pattern[str], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.letters.isalpha():
            raise ConfigError(
                f"`letters` of a choice are letters, as in ABCD, not {self.letters!r}"
            )
        upper = re.escape(self.letters.upper())
        either = upper + upper.lower()
        lead = r"^(?:\W|_|\\text\{|\\textbf\{|(?i:option|choice|answer)\b)*?"
        patterns = (
            rf"^\W*(?:\\text\w*\{{)?([{either}])\W*$",  # alone
            rf"{lead}\(([{either}])\)",
            rf"{lead}([{upper}])\s*[).\]}}]",
        )
        words = rf"{lead}(?![AI]\s+\w)([{upper}])\b(?!['\u2019])"  # "B because": A and I are words
        because = rf"{lead}([{upper}])(?=\s+(?:because|since|as)\b)"
        compiled = tuple(map(re.compile, (*patterns, words, because)))
        object.__setattr__(self, "_patterns", compiled)

    def __call__(self, answer: Answer) -> str | None:
        text = visible(answer)
        marked = slot(text)
        if marked is not None and (letter := self._read(marked, self._patterns)):
            return letter
        said = lines(text)
        for line in (said[-1], said[0]) if said else ():
            if letter := self._read(line, self._patterns[:3]):
                return letter
        bracketed = re.findall(rf"\(([{re.escape(self.letters)}])\)", marked or "".join(said[-1:]))
        return bracketed[-1].upper() if len(set(bracketed)) == 1 else None

    def _read(self, text: str, patterns: Sequence[re.Pattern[str]]) -> str | None:
        found = next((match for p in patterns if (match := p.match(text))), None)
        return found[1].upper() if found else None


_TRUE = ("yes", "true", "correct", "yeah", "yep")
_FALSE = ("no", "false", "incorrect", "nope")
_FIRST_WORD = re.compile(
    r"\W*(yes|[a-z]+(?=\W*$|[.,;:!)*\"'\n]|\s+(?:[-\u2013\u2014(]|(?:because|since|it)\b)))\b"
)


@dataclass(frozen=True)
class Boolean:
    """``true`` or ``false``: from the slot, the last line's only word, or how the text begins."""

    def __call__(self, answer: Answer) -> str | None:
        text = visible(answer)
        said = lines(text)
        last = said[-1] if said else ""
        alone = last if len(last.split()) == 1 else ""
        return next((v for part in (slot(text), alone, text) if (v := _truth(part or ""))), None)


def _truth(text: str) -> str | None:
    found = _FIRST_WORD.match(text.casefold())
    word = found[1] if found else ""
    return "true" if word in _TRUE else "false" if word in _FALSE else None


@dataclass(frozen=True)
class Label:
    """One of ``options``, as they are written there; without any, the answer's short span.

    An option counts where it is the slot or the last line, or the only one named in either or in
    the whole text. Without options: the slot, else the last line, normalised.
    """

    options: Sequence[str] = ()

    def __call__(self, answer: Answer) -> str | None:
        text = visible(answer)
        said = lines(text)
        marked = slot(text)
        if not self.options:
            span = normalised(marked if marked is not None else "".join(said[-1:]))
            return None if refused(span) or refused(text) else span or None
        by_form = {normalised(option): option for option in self.options}
        for part in (marked, "".join(said[-1:]), text):
            form = normalised(part or "")
            if form in by_form:
                return by_form[form]
            named = _named(form, by_form)
            if len(named) == 1:
                return by_form[named[0]]
        return None


def _named(form: str, options: Mapping[str, str]) -> list[str]:
    """The options that stand in a text as words, without those inside a longer one."""
    found = [o for o in options if re.search(rf"(?<!\w){re.escape(o)}(?!\w)", form)]
    return [o for o in found if not any(o != other and o in other for other in found)]


@dataclass(frozen=True)
class PlainText:
    """The whole text, normalised. Only for answers short enough to be equal."""

    def __call__(self, answer: Answer) -> str | None:
        text = visible(answer)
        return None if refused(text) else normalised(text) or None


EXTRACTORS: Mapping[str, Callable[..., Extractor]] = MappingProxyType(
    {
        "boolean": Boolean,
        "choice": Choice,
        "code": Code,
        "json": Json,
        "label": Label,
        "number": Number,
        "text": PlainText,
        "tool_call": ToolCalls,
    }
)


def extractor(name: str, **options: Any) -> Extractor:
    """The extractor of that name; ConfigError says which names, or which options, there are."""
    try:
        kind = EXTRACTORS[name]
    except KeyError:
        names = ", ".join(EXTRACTORS)
        raise ConfigError(f"{name!r} is no type of answer; say one of {names}") from None
    try:
        return kind(**options)
    except TypeError as error:
        raise ConfigError(f"the type of answer {name!r}: {error}") from None
