from dataclasses import dataclass, field

import pytest

from homeward.embedding import Embeddings, Texts
from homeward.errors import ConfigError, Failed
from homeward.model import Clearance, Event, Request, Usage
from homeward.signals.vectors import VectorCache, Vectors


@dataclass(frozen=True)
class Lengths:
    """Embeds a text as its length, and keeps what it was asked."""

    asked: list[Texts] = field(default_factory=list[Texts], compare=False, repr=False)

    async def embed(self, request: Texts, heard: list[Event] | None = None, /) -> Embeddings:
        self.asked.append(request)
        usage = Usage("1", "lengths")
        if heard is not None:
            heard.append(usage)
        return Embeddings(tuple((float(len(text)),) for text in request.texts), usage)


class Broken:
    async def embed(self, request: Texts, heard: list[Event] | None = None, /) -> Embeddings:
        raise Failed("no embedder")


ASKS = Request.of("x", tenant="a", clearance=Clearance.NETWORK, budget_usd=1.0, trace="t")


async def test_a_vector_for_each_text_in_order() -> None:
    assert await Vectors(Lengths()).of(ASKS, ["aa", "a", "aa"]) == [(2.0,), (1.0,), (2.0,)]


async def test_each_text_is_asked_for_once() -> None:
    embedder = Lengths()
    vectors = Vectors(embedder)
    await vectors.of(ASKS, ["a", "a", "bb"])
    await vectors.of(ASKS, ["bb", "ccc"])
    assert [asked.texts for asked in embedder.asked] == [("a", "bb"), ("ccc",)]


async def test_nothing_new_is_no_call() -> None:
    embedder = Lengths()
    vectors = Vectors(embedder)
    await vectors.of(ASKS, ["a"])
    heard: list[Event] = []
    assert await vectors.of(ASKS, ["a"], heard) == [(1.0,)]
    assert (len(embedder.asked), heard) == (1, [])


async def test_the_call_carries_what_the_request_carries() -> None:
    embedder = Lengths()
    heard: list[Event] = []
    await Vectors(embedder, dimensions=1).of(ASKS, ["a"], heard)
    asked = embedder.asked[0]
    assert (asked.tenant, asked.clearance, asked.budget_usd, asked.trace, asked.dimensions) == (
        *("a", Clearance.NETWORK, 1.0, "t"),
        1,
    )
    assert heard == [Usage("1", "lengths")]


@pytest.mark.parametrize("other", [{"tenant": "b"}, {"clearance": Clearance.MACHINE}])
async def test_nobody_else_s_vectors_are_used(other: dict[str, object]) -> None:
    embedder = Lengths()
    vectors = Vectors(embedder)
    await vectors.of(ASKS, ["a"])
    await vectors.of(ASKS.with_(**other), ["a"])
    assert len(embedder.asked) == 2


async def test_the_least_recently_used_goes_first() -> None:
    cache = VectorCache(2)
    for key in (b"a", b"b"):
        cache.put(key, (1.0,))
    cache.get(b"a")
    cache.put(b"c", (1.0,))
    assert [cache.get(key) is not None for key in (b"a", b"b", b"c")] == [True, False, True]
    assert len(cache) == 2


async def test_more_texts_than_the_cache_holds_all_get_their_vectors() -> None:
    vectors = Vectors(Lengths(), VectorCache(1))
    assert await vectors.of(ASKS, ["a", "bb", "ccc"]) == [(1.0,), (2.0,), (3.0,)]


async def test_a_failure_is_the_caller_s() -> None:
    with pytest.raises(Failed, match="no embedder"):
        await Vectors(Broken()).of(ASKS, ["a"])


def test_a_cache_of_nothing_fails_at_construction() -> None:
    with pytest.raises(ConfigError, match="above 0"):
        VectorCache(0)
