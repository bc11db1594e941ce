"""Embeddings: texts in, vectors out. An ability of a leaf, beside `homeward.model.Model`."""

from typing import Protocol, runtime_checkable

from msgspec import Struct

from homeward.model import CARRIED, Clearance, Event, Request, Sampling, Usage


class Texts(Struct, frozen=True, omit_defaults=True):
    """What shall be embedded, and what must follow it, as in `homeward.model.Request`.

    ``dimensions`` asks for shorter vectors, of models that were trained to be cut. A text that
    does not fit the model is TooLong, unless ``truncate`` lets its end be cut off.
    """

    texts: tuple[str, ...]
    dimensions: int | None = None
    truncate: bool = False

    clearance: Clearance = Clearance.MACHINE
    tenant: str = ""
    deadline: float | None = None  # on time.monotonic()'s clock
    budget_usd: float | None = None
    trace: str = ""

    def as_request(self) -> Request:
        """The same as a question, for who estimates its tokens and looks at its budget."""
        return Request.of(
            " ".join(self.texts),
            sampling=Sampling(max_tokens=1),  # nothing is said, but a limit of 0 means none
            **{name: getattr(self, name) for name in CARRIED},
        )


class Embeddings(Struct, frozen=True):
    """A vector for each text, in their order, and what it took."""

    vectors: tuple[tuple[float, ...], ...]
    usage: Usage


@runtime_checkable
class Embedder(Protocol):
    """A model that can embed. It raises `homeward.errors.ModelError`, as ``chat`` does.

    What its ``chat`` would tell of the call, a `Usage` say, is put into ``heard``, also where it
    fails or is cancelled.
    """

    async def embed(self, request: Texts, heard: list[Event] | None = None, /) -> Embeddings: ...
