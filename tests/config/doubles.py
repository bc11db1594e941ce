"""Kinds that only the tests know, named in files as ``tests.config.doubles:Name``."""

from collections.abc import Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Self

from homeward.model import Answer, Clearance, Model, Models, Request, Seconds, Stream
from homeward.reading import Check, Extractor, Reading, Signal

HERE = "tests.config.doubles"


class Colour(Enum):
    RED = 1
    DARK_BLUE = 2


@dataclass(frozen=True)
class Inner:
    size: int
    keep: Seconds = 60.0


@dataclass(frozen=True)
class Passes:
    """Passes everything on. Has a field of every type that a file can give."""

    model: Model
    text: str = ""
    count: int = 0
    share: float = 0.5
    on: bool = False
    wait: Seconds | None = None
    path: Path | None = None
    reach: Clearance = Clearance.MACHINE
    colour: Colour = Colour.RED
    mode: Literal["fast", "slow"] = "fast"
    words: Sequence[str] = ()
    numbers: list[int] = field(default_factory=list[int])
    weights: Mapping[str, float] = field(default_factory=dict[str, float])
    inner: Inner | None = None
    loose: Any = None
    think: bool | str | None = None
    keep: float | str | None = None

    async def chat(self, request: Request) -> Stream:
        async with aclosing(self.model.chat(request)) as events:
            async for event in events:
                yield event


@dataclass(frozen=True)
class Picks:
    """Holds every protocol; never asked anything."""

    models: Models
    by: Signal | None = None
    accept: Check | None = None
    else_: Model | None = None
    only: Sequence[Model] = ()

    async def chat(self, request: Request) -> Stream:
        raise NotImplementedError
        yield


@dataclass(frozen=True)
class Says:
    """A signal and a check, by how it is called."""

    label: str = "x"
    with_: Model | None = None

    async def __call__(self, request: Request, answer: Answer | None = None) -> Reading:
        return Reading(label=self.label)


@dataclass(frozen=True)
class Extracts:
    extract: Extractor

    async def chat(self, request: Request) -> Stream:
        raise NotImplementedError
        yield


class Plain:
    """A class that is no dataclass."""

    def __init__(self, prefix: str, *, times: int = 1) -> None:
        if times < 1:
            raise ValueError(f"`times` is {times}; say it at least once")
        self.prefix, self.times = prefix, times

    async def chat(self, request: Request) -> Stream:
        raise NotImplementedError
        yield


class Pool:
    """Opened and closed by whoever builds the tree."""

    def __init__(self) -> None:
        self.open = False

    async def __aenter__(self) -> Self:
        self.open = True
        return self

    async def __aexit__(self, *exc: object) -> None:
        self.open = False


@dataclass(frozen=True)
class Connected:
    """A leaf over a shared pool."""

    name: str = ""
    pool: Pool | None = field(default=None, repr=False, compare=False)

    async def chat(self, request: Request) -> Stream:
        raise NotImplementedError
        yield
