"""Whatever nodes ask for and give back: together they never have more than there is."""

import asyncio
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeward.store.postgres import Postgres
from homeward.store.redis import Redis
from homeward.store.sqlite import Sqlite

MOST = 50.0
NODES = ("a", "b", "c")
QUARTERS = st.integers(-120, 120).map(lambda n: n / 4)  # sums of them are exact
ASKS = st.lists(st.tuples(st.sampled_from(NODES), QUARTERS), max_size=5)  # all at once
NAMES = iter(range(10**9))


@pytest.mark.parametrize("kind", ["sqlite", "postgres", "redis"])
@given(rounds=st.lists(ASKS, max_size=4))
@settings(
    max_examples=25,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_nodes_never_have_more_than_there_is(
    kind: str,
    rounds: list[list[tuple[str, float]]],
    request: pytest.FixtureRequest,
    tmp_path: Path,
) -> None:
    if kind == "sqlite":
        asyncio.run(play(Sqlite(tmp_path / "it.db"), rounds))
    elif kind == "postgres":
        asyncio.run(play(Postgres(request.getfixturevalue("postgres_url")), rounds))
    else:
        asyncio.run(play(Redis(request.getfixturevalue("redis_url")), rounds))


async def play(opening: Sqlite | Postgres | Redis, rounds: list[list[tuple[str, float]]]) -> None:
    name, until = f"limit {next(NAMES)}", time.time() + 60
    told = dict.fromkeys(NODES, 0.0)  # what each node has, as it was told
    async with opening as store:
        for asks in rounds:
            answers = await asyncio.gather(
                *(store.grant(n, name, wanted=w, most=MOST, until=until) for n, w in asks)
            )
            for (node, wanted), answer in zip(asks, answers, strict=True):
                told[node] += answer
                assert min(wanted, 0) <= answer <= max(wanted, 0)
            assert told == {node: await store.granted(node, name) for node in NODES}
            assert min(told.values()) >= 0
            assert sum(told.values()) <= MOST
