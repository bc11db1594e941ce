"""The detectors read all of what a stranger sends: none of their patterns may take long over it."""

import re
from collections.abc import Iterator
from re import _constants as codes
from re import _parser as parser
from typing import Any

import pytest

from homeward.signals.sensitive import called, contact, national, numbers, payment, secrets

MODULES = (called, contact, national, numbers, payment, secrets)


def patterns(value: Any) -> Iterator[str]:
    if isinstance(value, re.Pattern):
        yield value.pattern
    elif isinstance(value, dict):
        for one in value.values():
            yield from patterns(one)
    elif isinstance(value, tuple | list):
        for one in value:
            yield from patterns(one)


ALL = sorted({p for module in MODULES for value in vars(module).values() for p in patterns(value)})


def unbounded(parsed: Any, *, inside: bool = False) -> Iterator[Any]:
    """Repeats without an upper bound, of more than one character class or inside another."""
    for code, value in parsed:
        repeats = code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT)
        if repeats and value[1] == codes.MAXREPEAT and (inside or len(value[2]) > 1):
            yield value
        for one in value if isinstance(value, tuple) else (value,):
            for child in one if isinstance(one, list) else (one,):
                if isinstance(child, parser.SubPattern):
                    yield from unbounded(child, inside=inside or repeats)


def test_there_are_patterns_to_look_at() -> None:
    assert len(ALL) > 50


@pytest.mark.parametrize("pattern", ALL)
def test_repeats_are_bounded(pattern: str) -> None:
    assert list(unbounded(parser.parse(pattern))) == []


@pytest.mark.parametrize("bad", ["(?:a+)+b", "(a|b)*c(?:d*e)*", "(?:ab)+"])
def test_what_could_take_long_would_be_seen(bad: str) -> None:
    assert list(unbounded(parser.parse(bad))) != []
