"""The values of a file, each with the place where it stands."""

from dataclasses import dataclass
from typing import TypeAlias


@dataclass(frozen=True)
class Place:
    origin: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.origin}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Problem:
    place: Place
    sentence: str

    def __str__(self) -> str:
        return f"{self.place}: {self.sentence}"


Value: TypeAlias = "str | int | float | bool | list[Item] | dict[str, Item] | None"


@dataclass(frozen=True)
class Item:
    """A value and its place. ``key`` is the place of the key that it stands under, if any.

    ``text`` is a scalar's as written, with the variables put in: ``4.10`` stays ``4.10`` where
    text is wanted. ``written`` is the same before that, fit for messages: it shows no secret.
    """

    value: Value
    place: Place
    key: Place | None = None
    text: str = ""
    written: str = ""

    @property
    def from_environment(self) -> bool:
        return self.text != self.written

    @property
    def named_at(self) -> Place:
        return self.key or self.place
