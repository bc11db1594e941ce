"""What Ollama holds is seen before anybody has asked a model."""

import asyncio

import pytest

from homeward.gateway.traffic.traffic import Row, Traffic
from homeward.gateway.traffic.watching import watch
from homeward.model import Clearance
from tests.backends.servers import Server
from tests.gateway.ollama_like import OllamaLike, ollama_like
from tests.gateway.traffic.test_traffic import opened, row, two_models, until


def loaded(rows: list[Row]) -> dict[str, bool | None]:
    return {each.model: each.loaded for each in rows}


async def test_what_is_loaded_is_seen_before_anybody_asks() -> None:
    played = OllamaLike(loaded=("b:1", 4096))
    async with ollama_like(played) as server, opened(two_models(server)) as (_, traffic):
        traffic.spawn(watch(traffic, Clearance.MACHINE))
        await until(lambda: row(traffic, "b:1").loaded)
        assert loaded(traffic.snapshot()) == {"a:1": False, "b:1": True}


async def test_until_it_has_told_nobody_knows() -> None:
    async with opened(two_models("http://127.0.0.1:1")) as (_, traffic):
        traffic.spawn(watch(traffic, Clearance.MACHINE))
        await until(lambda: all(place.looked > 0 for place in traffic.places))
        assert loaded(traffic.snapshot()) == {"a:1": None, "b:1": None}


async def test_it_sees_what_is_loaded_later() -> None:
    played = OllamaLike()
    async with ollama_like(played) as server, opened(two_models(server)) as (_, traffic):
        traffic.spawn(watch(traffic, Clearance.MACHINE, every=0.003))
        await until(lambda: row(traffic, "a:1").loaded is False)
        played.loaded = ("a:1", 4096)
        await until(lambda: row(traffic, "a:1").loaded)


async def watched_once(traffic: Traffic, reach: Clearance) -> None:
    """The first round, with all that it began."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await watch(traffic, reach)
    while traffic._tasks:
        await asyncio.gather(*traffic._tasks)


def asked(server: Server) -> int:
    return sum(each.path == "/api/ps" for each in server.asked)


async def test_whoever_was_asked_just_now_is_not_asked_again() -> None:
    async with ollama_like(OllamaLike()) as server, opened(two_models(server)) as (_, traffic):
        await traffic.places[0].look()
        await watched_once(traffic, Clearance.MACHINE)
        assert asked(server) == 1


@pytest.mark.parametrize("where", [Clearance.NETWORK, Clearance.WORLD])
async def test_nobody_is_asked_beyond_what_data_may_reach(where: Clearance) -> None:
    async with ollama_like(OllamaLike()) as server, opened(two_models(server)) as (_, traffic):
        traffic.places[0].where = where
        await watched_once(traffic, Clearance.MACHINE)
        assert asked(server) == 0


async def test_nobody_is_asked_out_in_the_world() -> None:
    async with ollama_like(OllamaLike()) as server, opened(two_models(server)) as (_, traffic):
        traffic.places[0].where = Clearance.WORLD
        await watched_once(traffic, Clearance.WORLD)
        assert asked(server) == 0
