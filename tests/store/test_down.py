"""Servers that are stopped, slow, or hang: each becomes `StoreDown`, and heals by itself."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import TypeAlias

import pytest

from homeward.errors import ConfigError
from homeward.store.postgres import Postgres
from homeward.store.protocols import StoreDown
from homeward.store.redis import Redis
from tests.contract import PATIENCE
from tests.store.examples import ENTRY, KEY
from tests.store.servers import free_port, postgres_server, redis_server, relay

Store: TypeAlias = Postgres | Redis
SOON = time.time() + 60


async def grant(store: Store) -> float:
    return await store.grant("a", "limit", wanted=1, most=100, until=SOON)


async def test_a_postgres_that_is_stopped_and_started_is_used_again() -> None:
    with postgres_server() as server:
        async with Postgres(server.url) as store:
            await store.put_key(KEY)
            server.stop()
            with pytest.raises(StoreDown, match="see that it runs"):
                await store.add([ENTRY])
            server.start()
            await store.add([ENTRY])
            assert await store.entries() == [ENTRY]
            assert await store.keys() == [KEY]


async def test_a_redis_that_is_stopped_and_started_is_used_again() -> None:
    with redis_server() as server:
        async with Redis(server.url) as store:
            assert await grant(store) == 1
            server.stop()
            with pytest.raises(StoreDown, match="see that it runs"):
                await grant(store)
            server.start()
            assert await grant(store) == 1


@pytest.fixture(params=["postgres", "redis"])
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(f"{request.param}_url")
    return found


def store_at(url: str) -> Store:
    return Postgres(url, PATIENCE) if url.startswith("postgres") else Redis(url, PATIENCE)


async def test_a_server_that_hangs_is_down_in_time_and_used_again_later(url: str) -> None:
    async with relay(url) as link, store_at(link.url) as store:
        assert await grant(store) == 1
        link.delay = math.inf
        store.timeout = 0.2
        for _ in range(3):
            with pytest.raises(StoreDown, match=r"no answer in time|Timeout"):
                await grant(store)
        link.delay = 0
        store.timeout = PATIENCE
        assert await grant(store) == 1


async def test_a_slow_server_is_waited_for(url: str) -> None:
    async with relay(url) as link, store_at(link.url) as store:
        assert await grant(store) == 1
        link.delay = 0.03
        given = await asyncio.gather(*(grant(store) for _ in range(8)))
        assert given == [1] * 8


async def test_who_stops_waiting_leaves_the_store_in_order(url: str) -> None:
    async with relay(url) as link, store_at(link.url) as store:
        await grant(store)
        link.delay = math.inf
        for _ in range(6):  # more often than there are connections
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(grant(store), 0.01)
        link.delay = 0
        assert await grant(store) == 1
        assert await store.granted("nobody", "limit") == 0


async def test_closing_does_not_wait_for_a_server_that_hangs(url: str) -> None:
    async with relay(url) as link, asyncio.timeout(PATIENCE / 2), store_at(link.url) as store:
        await grant(store)
        link.delay = math.inf
        store.timeout = 0.2


async def test_a_postgres_that_is_not_there_is_said_without_its_password() -> None:
    store = Postgres(f"postgresql://me:secret@127.0.0.1:{free_port()}/db")
    with pytest.raises(StoreDown, match=r"127\.0\.0\.1:") as failure:
        async with store:
            pass
    assert "secret" not in str(failure.value)


async def test_a_redis_that_is_not_there_is_said_without_its_password() -> None:
    async with Redis(f"redis://:secret@127.0.0.1:{free_port()}/0") as store:
        with pytest.raises(StoreDown, match=r"127\.0\.0\.1:") as failure:
            await grant(store)
    assert "secret" not in str(failure.value)


@pytest.mark.parametrize("make", [Postgres, Redis])
@pytest.mark.parametrize(
    "url", ["x://me:sec/ret@host/db", "x://me:sec?ret@host/db", "x://me:pw@host:sec/db", "x://[sec"]
)
async def test_an_address_that_cannot_be_read_is_not_repeated(
    make: Callable[[str], Store], url: str
) -> None:
    scheme = "postgresql" if make is Postgres else "redis"
    with pytest.raises(ConfigError, match="%40") as failure:
        async with make(url.replace("x:", f"{scheme}:")):
            pass
    assert "sec" not in str(failure.value)


async def test_gateways_that_start_together_migrate_once(postgres_url: str) -> None:
    async def start() -> None:
        async with Postgres(postgres_url) as store:
            await store.keys()

    await asyncio.gather(*(start() for _ in range(6)))
    async with Postgres(postgres_url) as store:
        assert len(await store.fetch("select version from schema_version")) == 1


async def test_a_newer_schema_in_postgres_is_refused(postgres_url: str) -> None:
    async with Postgres(postgres_url) as store:
        await store.write("insert into schema_version (version) values (?)", [[99]])
    with pytest.raises(ConfigError, match="newer Homeward"):
        async with Postgres(postgres_url):
            pass
