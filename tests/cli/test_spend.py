import asyncio
import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from homeward.model import Clearance
from homeward.store.records import Entry
from homeward.store.sqlite import Sqlite
from tests.cli.program import Program
from tests.store.examples import ENTRY, KEY

DONE = replace(ENTRY, began=time.time() - 60, outcome="finished")


@pytest.fixture
def ledger(tmp_path: Path) -> None:
    entries = [
        DONE,
        replace(DONE, id="e2", where=Clearance.WORLD, cost_usd=None, route="cloud"),
        replace(DONE, id="e3", key="", cost_usd=0.0, route="small"),
        replace(DONE, id="e4", began=DONE.began - 40 * 86400, cost_usd=99.0, route="old"),
    ]
    asyncio.run(write(tmp_path / "homeward.db", entries))


async def write(path: Path, entries: list[Entry]) -> None:
    async with Sqlite(path) as store:
        await store.put_key(KEY)
        await store.add(entries)


@pytest.mark.usefixtures("ledger")
class TestWithALedger:
    def test_it_is_by_key_over_thirty_days(self, homeward: Program) -> None:
        told = homeward("spend", "--json").json
        assert told["by"] == "key"
        assert told["since"] == pytest.approx(time.time() - 30 * 86400, abs=60)
        sums = {row["key"]: (row["requests"], row["usd"]) for row in told["rows"]}
        assert sums == {KEY.id: (2, 0.125), "": (1, 0.0)}

    def test_it_goes_back_as_far_as_asked(self, homeward: Program) -> None:
        rows = homeward("spend", "--since", "60d", "--by", "route", "--json").json["rows"]
        assert "old" in [row["route"] for row in rows]

    def test_keys_are_shown_by_their_names(self, homeward: Program) -> None:
        out = homeward("spend").out
        assert "the team's" in out
        assert "(aabbccdd)" in out
        assert "nobody's key" in out

    def test_an_unknown_price_is_not_nothing(self, homeward: Program) -> None:
        lines = homeward("spend", "--by", "route").out.splitlines()
        cloud = next(line for line in lines if line.startswith("cloud"))
        assert "1 unpriced" in cloud
        assert "$" not in cloud

    def test_it_says_how_much_stayed_at_home(self, homeward: Program) -> None:
        rows = {
            row["where"]: row for row in homeward("spend", "--by", "where", "--json").json["rows"]
        }
        assert {place: row["local_share"] for place, row in rows.items()} == {
            "network": 1.0,
            "world": 0.0,
        }
        assert "the world" in homeward("spend", "--by", "where").out

    def test_all_is_summed_under_the_table(self, homeward: Program) -> None:
        assert "3 requests, $0.1250" in homeward("spend").out


def test_an_empty_ledger_is_said(homeward: Program) -> None:
    run = homeward("spend")
    assert run.code == 0
    assert "no requests" in run.out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(("--since", "yesterday"), "say 30d"), (("--by", "colour"), "tenant")],
)
def test_a_mistake_is_told(homeward: Program, words: tuple[str, ...], sentence: str) -> None:
    run = homeward("spend", *words)
    assert run.code == 2
    assert sentence in run.err
