from pathlib import Path

import pytest

from homeward.backends.echo import Echo
from homeward.gateway.observability.promises import promises_of
from homeward.gateway.routes import routes_of
from homeward.signals.heuristic import Heuristic
from homeward.signals.promised import Promised
from homeward.strategies.cascade import Cascade
from homeward.strategies.fallback import Fallback
from tests.gateway.observability.test_metrics import ask, scraped, total
from tests.gateway.running import running
from tests.signals.promises import promise

TREE = """
models:
  a: {echo: {}}
  bare: {cascade: {drafts: [a], final: a, accept: heuristic}}
  safe: {cascade: {drafts: [a], final: a, accept: {promised: {check: heuristic, path: PATH}}}}
  both: {fallback: [safe, a]}
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    promise().write(tmp_path / "sums.json")
    return tmp_path / "sums.json"


def tree(path: Path) -> str:
    return TREE.replace("PATH", f"'{path}'")


async def test_a_promise_is_told_on_every_route_that_stands_under_it(path: Path) -> None:
    async with running(tree(path)) as gateway:
        samples = await scraped(gateway)
    alarms = {labels: value for (name, labels), value in samples.items() if "promise_alarm" in name}
    assert {frozenset(labels) for labels in alarms} == {
        frozenset({("route", route), ("promise", "sums")}) for route in ("safe", "both")
    }
    assert set(alarms.values()) == {0.0}


async def test_the_share_kept_is_told_beside_the_one_when_it_was_made(path: Path) -> None:
    async with running(tree(path)) as gateway:
        before = {name for name, _ in await scraped(gateway)}
        await ask(gateway, "safe", times=3)
        samples = await scraped(gateway)
    assert "homeward_promise_kept_ratio" not in before
    assert total(samples, "promise_kept_ratio", route="safe") == 1.0
    assert total(samples, "promise_calibrated_ratio", route="safe") == 0.75


async def test_a_share_that_leaves_its_band_raises_the_alarm(path: Path) -> None:
    promise(band=(0.1, 0.2), share=0.15).write(path)
    async with running(tree(path)) as gateway:
        await ask(gateway, "safe", times=12)
        samples = await scraped(gateway)
    assert total(samples, "promise_alarm", route="safe", promise="sums") == 1.0


def test_a_route_tells_one_file_once(path: Path) -> None:
    cascade = Cascade([Echo()], Echo(), Promised(Heuristic(), path))
    routes = routes_of({"r": Fallback([cascade, cascade]), "plain": Echo()})
    assert [(each.route, each.name) for each in promises_of(routes)] == [("r", "sums")]
