"""Vectors: texts through an embedder, each asked for once."""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from homeward.embedding import Embedder, Texts
from homeward.errors import ConfigError
from homeward.model import CARRIED, Event, Request

Vector: TypeAlias = tuple[float, ...]


@dataclass(eq=False)
class VectorCache:
    """At most ``most`` vectors; the least recently used goes first. Keys are hashes of texts."""

    most: int = 4096
    _kept: OrderedDict[bytes, Vector] = field(default_factory=OrderedDict, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.most < 1:
            raise ConfigError("`most` vectors of a cache is a number above 0")

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> Vector | None:
        found = self._kept.get(key)
        if found is not None:
            self._kept.move_to_end(key)
        return found

    def put(self, key: bytes, vector: Vector) -> None:
        self._kept[key] = vector
        self._kept.move_to_end(key)
        while len(self._kept) > self.most:
            self._kept.popitem(last=False)


@dataclass(frozen=True)
class Vectors:
    """Embeds texts for a request's sake: with its clearance, tenant, deadline and budget.

    One call for all that are new, none where all are known. A tenant's vectors are its own, as
    a hit tells that somebody has sent the text before; so are a clearance's, as a narrower one may
    not reach the embedder at all. A text too long for the model loses its end.
    """

    embedder: Embedder
    cache: VectorCache = field(default_factory=VectorCache, repr=False, compare=False)
    dimensions: int | None = None

    async def of(
        self, request: Request, texts: Sequence[str], heard: list[Event] | None = None
    ) -> list[Vector]:
        """A vector for each text, in their order; ModelError where the embedder fails.

        What the call tells, its `Usage` say, is put into ``heard``: pass it on.
        """
        keys = {text: self._key(request, text) for text in texts}
        found = {text: self.cache.get(key) for text, key in keys.items()}
        known = {text: vector for text, vector in found.items() if vector is not None}
        new = tuple(text for text in found if text not in known)
        if new:
            carried = {name: getattr(request, name) for name in CARRIED}
            asked = Texts(new, dimensions=self.dimensions, truncate=True, **carried)
            made = await self.embedder.embed(asked, heard)
            for text, vector in zip(new, made.vectors, strict=True):
                known[text] = vector
                self.cache.put(keys[text], vector)
        return [known[text] for text in texts]

    def _key(self, request: Request, text: str) -> bytes:
        of = (repr(self.embedder), self.dimensions, request.tenant, request.clearance, text)
        return hashlib.sha256(repr(of).encode(errors="surrogatepass")).digest()
