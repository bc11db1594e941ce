"""Passage: a body that came in a leaf's own dialect is sent on as it is."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Protocol, TypeAlias, runtime_checkable

from homeward.backends.http import Http, Question, Timeouts
from homeward.backends.prices import Price
from homeward.model import Clearance, Decision

Check: TypeAlias = Callable[[Http, Clearance], Awaitable[Clearance]]


@dataclass(frozen=True)
class Passage:
    """Where to send it, and the ``model`` to put into it.

    A body with one of the fields ``reads`` must be read by the leaf after all: its server calls
    them otherwise, or the leaf sets them itself. ``adds`` are fields, with their JSON, that are
    put into a body which has none of that name. With ``any_case`` the server reads a name in any
    case (Go), and so must who looks for these.

    ``check`` is awaited before each body is sent, with the client and the clearance that it will
    be sent with, and says where the model runs: Forbidden, and any other `ModelError` of ``chat``.
    ``unread`` looks at the count of the prompt's tokens (first) and our estimate of it: TooLong
    where the server cut it in silence.
    """

    base_url: str
    path: str
    model: str
    headers: Mapping[str, str] = field(repr=False)
    timeouts: Timeouts
    where: Clearance
    http: Http | None = field(default=None, repr=False)
    price: Price | None = None
    reads: frozenset[str] = frozenset()
    adds: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    any_case: bool = False
    check: Check | None = field(default=None, repr=False)
    unread: Callable[[int, int], Decision | None] | None = field(default=None, repr=False)

    @cached_property
    def question(self) -> Question:
        """The head of every request. ConfigError for headers that cannot be sent."""
        return Question.of("POST", self.base_url, self.path, self.headers)


@runtime_checkable
class Passing(Protocol):
    def passage(self, dialect: str) -> Passage | None:
        """None for a dialect that this leaf does not speak. `ModelError` as `chat` raises it."""
