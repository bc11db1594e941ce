"""A row of the catalogue, and a licence."""

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from homeward.machine.shapes import Shapes

Commercial = Literal["yes", "conditional", "no", "unknown"]
Kind = Literal["chat", "base", "code", "vision", "embedding", "forecast"]


class Licence(Struct, frozen=True, kw_only=True):
    """``spdx`` is an SPDX identifier or a LicenseRef. ``conditions`` are the clauses, in short."""

    key: str  # as publishers tag it: apache-2.0, llama3.1, gemma
    name: str
    spdx: str
    commercial: Commercial
    conditions: tuple[str, ...] = ()
    source: str
    checked: str  # ISO date
    how: str  # text read, tag, second-hand


class Evidence(Struct, frozen=True, kw_only=True):
    """A published score, 0 to 1, on a benchmark that is named, with its source."""

    benchmark: str
    score: float
    source: str


class Entry(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One model as published. ``official``: by who trained it, and no derivative of it.

    ``base`` are the repositories of the same shapes before they were taught to answer.
    ``beside`` says what the published number of parameters counts beside the language model.
    """

    name: str  # plain: Llama-3.1-8B
    family: str
    repository: str  # the publisher's, on the hub
    aliases: tuple[str, ...] = ()
    ollama: tuple[str, ...] = ()  # tags, the usual one first
    gguf: tuple[str, ...] = ()  # repositories
    base: tuple[str, ...] = ()
    kind: Kind
    released: str  # ISO date
    official: bool = True
    licence: str  # key of a Licence
    tasks: Mapping[str, float] = {}  # strength by task, 0 to 1
    evidence: tuple[Evidence, ...] = ()
    shapes: Shapes
    projector: int = 0  # parameters of the part that sees or hears
    beside: str = ""
    about: str = ""  # what it is, where that is no language model
    provenance: Mapping[str, str] = {}  # field: source
