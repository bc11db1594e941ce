"""``GET /homeward/machine``: for whoever may ask, and of models those of their routes."""

from msgspec.structs import replace

from homeward.gateway.urls.machine import anonymous, unnamed
from homeward.machine.hardware import Gpu, Hardware, Probe
from homeward.machine.scan.watch import GpuVitals, Vitals
from tests.gateway.running import Running, running
from tests.gateway.standing import key

TREE = """
models:
  mine: {embedded: {model: box/draft}}
  theirs: {embedded: {model: box/arith}}
"""
MACHINE = ("GET", "/homeward/machine")
CARD = Gpu(name="RTX", vendor="nvidia", total=24, free=20, identity="GPU-1234")
HARDWARE = Hardware(
    system="linux",
    cpu="a",
    cores=1,
    threads=2,
    ram_total=8,
    ram_free=4,
    gpus=(CARD,),
    probes=(Probe(name="disk", seconds=0.0, found="/home/anna"),),
)
VITALS = Vitals(gpus=(GpuVitals(name="RTX", identity="GPU-1234", total=24, used=4),))


async def ask(gateway: Running, *models: str) -> None:
    for model in models:
        body = {"model": model, "messages": [{"role": "user", "content": "2+2"}]}
        assert (await gateway.ask("POST", "/v1/chat/completions", body)).status == 200


async def test_it_tells_the_scan_the_vitals_and_what_is_loaded() -> None:
    async with running(TREE) as gateway:
        for _ in range(2):
            gateway.gateway.machine.look()
        before = (await gateway.ask(*MACHINE)).json
        await ask(gateway, "mine")
        after = (await gateway.ask(*MACHINE)).json
    assert before["hardware"]["ram_total"] > 0
    assert 0 < before["vitals"]["ram_used"] <= before["vitals"]["ram_total"]
    assert "cpu_busy" not in before["vitals"]
    assert before["models"] == []
    assert [(each["model"], each["swaps"]) for each in after["models"]] == [("box/draft", 1)]


async def test_a_key_sees_the_models_of_its_routes_alone() -> None:
    bound, secret = key("bound", models=("mine",))
    admin, master = key("admin", admin=True)
    async with running(TREE) as gateway:
        await ask(gateway, "mine", "theirs")
        gateway.gateway.keyring.replace([bound, admin])
        its, every = [
            (await gateway.ask(*MACHINE, headers={"authorization": f"Bearer {each}"})).json
            for each in (secret, master)
        ]
    assert [each["model"] for each in its["models"]] == ["box/draft"]
    assert {each["model"] for each in every["models"]} == {"box/draft", "box/arith"}
    assert (its["hardware"]["probes"], bool(every["hardware"]["probes"])) == ([], True)


def test_what_tells_one_machine_from_another_is_left_out() -> None:
    known = anonymous(HARDWARE)
    assert known == replace(HARDWARE, probes=(), gpus=(replace(CARD, identity=""),))
    assert unnamed(VITALS).gpus[0].identity == ""
