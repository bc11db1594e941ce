"""The machine is looked at while the gateway is open, and its metrics are told."""

import asyncio
import threading

import pytest
from prometheus_client.core import Metric

from homeward.gateway.observability import machine
from homeward.gateway.observability.machine import Observed, observed
from homeward.gateway.traffic.traffic import Row
from homeward.gateway.urls.machine_families import of_machine, of_models
from homeward.machine.scan.watch import GpuVitals, Vitals
from tests.contract import PATIENCE
from tests.gateway.running import running

CARDS = (
    GpuVitals(name="RTX", identity="x", total=24, used=4, utilisation=0.5, temperature=61.0),
    GpuVitals(name="RTX", identity="y", total=24, used=0),
)
VITALS = Vitals(cpu=0.25, ram_total=8, ram_used=2, gpus=CARDS, temperatures={"k10temp": 48.0})
LINE = Row("m", "http://here", 1, 2, 4, True, 3.0, (), 7, 1.5, True, 2)

Told = dict[tuple[str, ...], float]


def samples(families: "list[Metric]") -> dict[str, Told]:
    found: dict[str, Told] = {}
    for family in families:
        for sample in family.samples:
            name = sample.name.removeprefix("homeward_")
            found.setdefault(name, {})[tuple(sample.labels.values())] = sample.value
    return found


def test_what_was_seen_of_the_machine_is_told() -> None:
    assert samples(list(of_machine(VITALS))) == {
        "machine_cpu_share": {(): 0.25},
        "machine_ram_bytes": {("total",): 8, ("used",): 2},
        "machine_gpu_memory_bytes": {
            ("0 RTX", "total"): 24,
            ("0 RTX", "used"): 4,
            ("1 RTX", "total"): 24,
            ("1 RTX", "used"): 0,
        },
        "machine_gpu_utilisation": {("0 RTX",): 0.5},
        "machine_temperature_celsius": {("k10temp",): 48, ("0 RTX",): 61},
    }


def test_nothing_is_told_before_it_was_looked_at() -> None:
    assert samples(list(of_machine(None))) == {}


def test_what_is_loaded_and_what_a_swap_costs_is_told_by_model() -> None:
    told = samples(list(of_models([LINE])))
    assert told["model_loaded"] == {("m",): 1}
    assert told["model_swap_seconds"] == {("m",): 1.5}
    assert told["swaps_total"] == {("m",): 2}


def test_a_model_on_two_servers_costs_what_the_slower_takes_and_its_loads_are_added() -> None:
    slow = Row("m", "http://there", 0, 0, 4, None, 0.0, (), 7, 9.0, False, 1)
    told = samples(list(of_models([LINE, slow])))
    assert told["model_swap_seconds"] == {("m",): 9.0}
    assert told["swaps_total"] == {("m",): 3}
    assert told["model_loaded"] == {("m",): 1}


async def test_an_open_gateway_looks_at_its_machine() -> None:
    async with running("models: {a: {echo: {}}}") as gateway, asyncio.timeout(PATIENCE):
        while gateway.gateway.machine.vitals is None:  # noqa: ASYNC110  a thread does it
            await asyncio.sleep(0.001)
        text = (await gateway.ask("GET", "/metrics")).text
    assert 'homeward_machine_ram_bytes{kind="used"}' in text


def test_one_look_tells_no_share_of_the_processors() -> None:
    seen = Observed()
    seen.look()
    assert seen.vitals is None
    seen.look()
    assert seen.vitals is not None


def test_it_stops_with_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "FIRST", 3600.0)
    before = set(threading.enumerate())
    with observed(Observed()):
        [thread] = {each for each in threading.enumerate() if "machine" in each.name} - before
    thread.join(PATIENCE)
    assert not thread.is_alive()


def test_a_driver_that_hangs_keeps_nobody_from_stopping(monkeypatch: pytest.MonkeyPatch) -> None:
    goes_on = threading.Event()

    def hangs(previous: Vitals | None) -> Vitals:
        goes_on.wait()
        return Vitals()

    monkeypatch.setattr(machine, "snapshot", hangs)
    seen = Observed()
    with observed(seen):
        pass
    assert seen.vitals is None
    goes_on.set()


async def test_the_scan_holds_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Observed()
    first, second = await asyncio.gather(seen.hardware(), seen.hardware())
    assert first is second
    monkeypatch.setattr(machine, "KEPT", -1.0)
    assert await seen.hardware() is not first
