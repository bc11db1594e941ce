"""Facts of published runs have their source; the rest holds of any model on any machine."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from homeward.machine.catalogue import find
from homeward.machine.estimate import How, Placement, Speed, Use
from homeward.machine.gpus import lookup
from homeward.machine.hardware import Gpu, Hardware
from homeward.machine.memory.memory import memory
from homeward.machine.speed.devices import class_of, devices
from homeward.machine.speed.measured import alike
from homeward.machine.speed.speed import speed
from homeward.machine.weights.weigh import weigh
from tests.machine.samples import GIB, MODELS

ALL_ON_ONE = Placement(where="gpu", gpu_bytes={0: GIB})
IN_RAM = Placement(where="ram", ram_bytes=GIB)


def card(name: str) -> Gpu:
    row = lookup(name)
    assert row is not None
    size = max(row.memory)
    return Gpu(
        name=row.name,
        vendor=row.vendor,
        total=size,
        free=size,
        bandwidth=row.bandwidth,
        flops=row.flops,
        unified=row.unified,
    )


def machine(*gpus: Gpu, bandwidth: float = 50e9, cores: int = 8) -> Hardware:
    return Hardware(
        system="linux", cpu="a CPU", cores=cores, threads=2 * cores, ram_total=64 * GIB,
        ram_free=64 * GIB, ram_bandwidth=bandwidth, gpus=gpus,
    )  # fmt: skip


def estimate(
    model: str,
    hardware: Hardware,
    placement: Placement = ALL_ON_ONE,
    *,
    quant: str = "Q4_K_M",
    depth: int | None = None,
    kv: str = "f16",
) -> Speed:
    shapes, use = find(model).shapes, Use(context=65536, kv=kv)
    needed = memory(shapes, weigh(shapes, quant), use)
    return speed(shapes, needed, use, placement, hardware, depth=depth)


@pytest.mark.parametrize(
    ("model", "quant", "gpu", "depth", "published"),
    [
        # XiongjieDai/GPU-Benchmarks-on-LLM-Inference, tg1024
        ("Llama-3-8B", "Q4_K_M", "GeForce RTX 3090", 512, 111.74),
        ("Llama-3-8B", "F16", "GeForce RTX 3090", 512, 46.51),
        ("Llama-3-8B", "Q4_K_M", "L40S", 512, 113.60),
        # ggml-org/llama.cpp benches/dgx-spark/dgx-spark.md
        ("gpt-oss-120b", "MXFP4_MOE", "GB10", 32768, 42.76),
        ("Qwen2.5-7B", "Q8_0", "GB10", 0, 29.43),
        # ggml-org/llama.cpp benches/mac-m2-ultra/mac-m2-ultra.md
        ("Qwen3-30B-A3B", "Q8_0", "Apple M2 Ultra", 32768, 45.26),
    ],
)
def test_published_runs_lie_in_the_band(
    model: str, quant: str, gpu: str, depth: int, published: float
) -> None:
    found = estimate(model, machine(card(gpu)), quant=quant, depth=depth).decode
    assert found.low <= published <= found.high


def test_depth_is_none_unless_it_is_asked_for() -> None:
    assert estimate("Llama-3.1-8B", machine(card("RTX 3090"))).depth == 0


def test_a_model_that_runs_nowhere_has_no_speed() -> None:
    found = estimate("Llama-3.1-8B", machine(), Placement(where="none"))
    assert found.decode.mid == found.prefill.mid == 0


def test_two_cards_in_series_are_as_fast_as_one() -> None:
    one = estimate("Llama-3.1-8B", machine(card("RTX 3090")))
    both = machine(card("RTX 3090"), card("RTX 3090"))
    two = estimate("Llama-3.1-8B", both, Placement(where="gpu", gpu_bytes={0: GIB, 1: GIB}))
    assert two.decode.mid == pytest.approx(one.decode.mid)


def test_a_split_model_is_between_the_two_memories() -> None:
    here = machine(card("RTX 3090"))
    half = Placement(where="split", gpu_layers=16, expert_layers=16, gpu_bytes={0: GIB})
    fast, slow = estimate("Llama-3.1-8B", here), estimate("Llama-3.1-8B", here, IN_RAM)
    assert slow.decode.mid < estimate("Llama-3.1-8B", here, half).decode.mid < fast.decode.mid


def test_experts_in_main_memory_cost_less_than_whole_layers_there() -> None:
    here = machine(card("RTX 3090"))
    experts = Placement(where="split", gpu_layers=48, expert_layers=24, gpu_bytes={0: GIB})
    layers = Placement(where="split", gpu_layers=24, expert_layers=24, gpu_bytes={0: GIB})
    kept = estimate("Qwen3-30B-A3B", here, experts).decode.mid
    assert kept > estimate("Qwen3-30B-A3B", here, layers).decode.mid


def test_a_window_is_not_looked_back_beyond() -> None:
    shapes = replace(find("Gemma-3-27B").shapes, pattern="W")
    use = Use(context=65536)
    needed = memory(shapes, weigh(shapes, "Q4_K_M"), use)
    here = machine(card("RTX 3090"))
    near = speed(shapes, needed, use, ALL_ON_ONE, here, depth=2048)
    far = speed(shapes, needed, use, ALL_ON_ONE, here, depth=65536)
    assert far.decode.mid == near.decode.mid


def test_a_smaller_cache_is_read_faster() -> None:
    here = machine(card("RTX 3090"))
    plain = estimate("Llama-3.1-8B", here, depth=65536)
    small = estimate("Llama-3.1-8B", here, depth=65536, kv="q8_0")
    assert small.decode.mid > plain.decode.mid


def test_few_cores_hold_a_fast_memory_back() -> None:
    few = estimate("Llama-3.1-8B", machine(bandwidth=300e9, cores=2), IN_RAM)
    many = estimate("Llama-3.1-8B", machine(bandwidth=300e9, cores=64), IN_RAM)
    assert few.decode.mid < many.decode.mid / 2


def test_an_unknown_bandwidth_is_said_to_be_assumed() -> None:
    found = estimate("Llama-3.1-8B", machine(bandwidth=0), IN_RAM)
    assert found.basis.how is How.ASSUMED
    assert "assumed" in found.basis.source


def test_an_integrated_gpu_reads_main_memory() -> None:
    shared = Gpu(name="Iris Xe", vendor="intel", total=8 * GIB, free=8 * GIB, integrated=True)
    slow = estimate("Llama-3.2-3B", machine(shared, bandwidth=40e9))
    fast = estimate("Llama-3.2-3B", machine(shared, bandwidth=80e9))
    assert slow.basis.how is How.TABLE
    assert fast.decode.mid > slow.decode.mid


def test_the_basis_has_the_band() -> None:
    found = estimate("Llama-3.1-8B", machine(card("RTX 3090")))
    assert (found.basis.low, found.basis.high) == (found.decode.low, found.decode.high)


def test_a_model_of_which_only_the_size_is_known_has_a_speed() -> None:
    shapes = replace(MODELS[0], layers=0, hidden=0, parameters=8_000_000_000)
    use = Use(context=4096)
    needed = memory(shapes, weigh(shapes, "Q4_K_M"), use)
    assert speed(shapes, needed, use, ALL_ON_ONE, machine(card("RTX 3090"))).decode.mid > 1


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("GeForce RTX 4090", "nvidia"),
        ("GeForce GTX 1080 Ti", "nvidia-old"),
        ("GeForce GTX 1660", "nvidia"),
        ("H100 SXM5", "nvidia-hbm"),
        ("GB10", "nvidia-unified"),
        ("Radeon RX 7900 XT", "amd"),
        ("Instinct MI300X", "amd-hbm"),
        ("Radeon 8060S", "amd-unified"),
        ("Arc B580", "intel"),
        ("Apple M2 Ultra", "apple"),
    ],
)
def test_every_gpu_has_a_class(name: str, kind: str) -> None:
    row = lookup(name)
    assert row is not None
    gpu = Gpu(
        name=row.name, vendor=row.vendor, total=0, free=0, unified=row.unified,
        integrated=row.integrated,
    )  # fmt: skip
    assert class_of(gpu) == kind


def test_memory_and_bandwidth_tell_the_class_of_a_gpu_without_a_name() -> None:
    gpu = Gpu(name="GPU", vendor="other", total=24 * GIB, free=24 * GIB, bandwidth=936e9)
    assert class_of(gpu) == "nvidia"


def test_figures_that_no_gpu_has_are_those_of_any_gpu() -> None:
    gpu = Gpu(name="GPU", vendor="other", total=25 * GIB, free=25 * GIB, bandwidth=431e9)
    assert class_of(gpu) == "gpu"


def test_no_class_reads_faster_than_its_bandwidth() -> None:
    assert all(0 < each.weights < 1 and 0 < each.cache < 1 for each in devices().values())


@given(
    model=st.sampled_from(MODELS),
    depth=st.integers(0, 32768),
    gpu=st.sampled_from(["RTX 4090", "GB10", "Apple M2 Ultra", "Radeon RX 7900 XT"]),
)
def test_a_longer_context_is_never_faster(model: object, depth: int, gpu: str) -> None:
    shapes, use = next(each for each in MODELS if each is model), Use(context=65536)
    needed = memory(shapes, weigh(shapes, "Q4_K_M"), use)
    found = [
        speed(shapes, needed, use, ALL_ON_ONE, machine(card(gpu)), depth=at)
        for at in (depth, depth + 512)
    ]
    assert found[1].decode.mid <= found[0].decode.mid
    assert found[1].prefill.mid <= found[0].prefill.mid


@given(model=st.sampled_from(MODELS), bandwidth=st.floats(1e10, 5e12))
def test_answers_are_never_read_faster_than_memory(model: object, bandwidth: float) -> None:
    shapes, use = next(each for each in MODELS if each is model), Use(context=4096)
    weights = weigh(shapes, "Q8_0")
    gpu = Gpu(name="GPU", vendor="other", total=GIB, free=GIB, bandwidth=bandwidth)
    found = speed(shapes, memory(shapes, weights, use), use, ALL_ON_ONE, machine(gpu))
    assert found.decode.mid * weights.active < bandwidth
    assert 0 < found.decode.low < found.decode.mid < found.decode.high


def test_a_card_of_which_only_the_memory_is_known_rests_on_others_of_that_size() -> None:
    from homeward.machine.scan.given import given_gpus
    from homeward.machine.scan.overrides import Overrides

    found = given_gpus(Overrides(vram=16 * GIB))
    assert found is not None
    hardware = machine(*found.gpus)
    source = estimate("Llama-3.1-8B", hardware, ALL_ON_ONE).basis.source
    assert "graphics cards with about 16.0 GiB" in source
    assert "0 published runs" not in source


def test_what_holds_up_a_large_model_on_a_cpu_is_reading() -> None:
    bound = estimate("Llama-3.1-8B", machine(), IN_RAM).bound
    assert bound is not None
    assert bound.share > 0.9
    assert bound.read == pytest.approx(weigh(find("Llama-3.1-8B").shapes, "Q4_K_M").active, rel=0.1)
    assert bound.bandwidth == 50e9


@pytest.mark.parametrize(
    ("other", "relation"),
    [("Qwen3-8B", "alike"), ("Qwen3-14B", "alike"), ("Qwen3-0.6B", "unlike")],
)
def test_models_of_one_size_are_alike(other: str, relation: str) -> None:
    one, two = (
        estimate(name, machine(card("GeForce RTX 3090"))).bound for name in ("Llama-3.1-8B", other)
    )
    assert alike(one, two) is (relation == "alike")


def test_what_runs_nowhere_is_held_up_by_nothing() -> None:
    assert estimate("Llama-3.1-8B", machine(), Placement(where="none")).bound is None
