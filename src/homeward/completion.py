"""Completions: a text continued, or what is missing in its middle. Beside `Model`."""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct, field

from homeward.model import CARRIED, Clearance, Request, Sampling, Stream


class Completion(Struct, frozen=True, omit_defaults=True):
    """A text to be continued, and what must follow it, as in `homeward.model.Request`.

    With a ``suffix`` the words between ``prompt`` and ``suffix`` are asked for (fill in the
    middle): code models can, others refuse. ``raw`` asks a runtime that puts prompts into the
    model's template (Ollama) not to; the others never do. ``extra`` is sent on to a backend that
    speaks ``dialect`` (``openai_completions`` or ``ollama``), as `Request`'s is.
    """

    prompt: str
    suffix: str | None = None
    sampling: Sampling = Sampling()
    raw: bool = False
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any])
    dialect: str = ""

    clearance: Clearance = Clearance.MACHINE
    tenant: str = ""
    deadline: float | None = None  # on time.monotonic()'s clock
    budget_usd: float | None = None
    trace: str = ""

    def as_request(self) -> Request:
        """The same as a question, for who estimates its tokens and looks at its budget."""
        return Request.of(
            self.prompt + (self.suffix or ""),
            sampling=self.sampling,
            **{name: getattr(self, name) for name in CARRIED},
        )


@runtime_checkable
class Completer(Protocol):
    """A model that can complete. The stream keeps the promises of ``chat``'s."""

    def complete(self, request: Completion, /) -> Stream: ...
