import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from homeward.machine.estimate import Basis, Bound, How, Placement, Range, Speed
from homeward.machine.hardware import Gpu, Hardware
from homeward.machine.speed.measured import Run, alike, device_of, replace

BOUND = Bound(read=4e9, bandwidth=1e12, share=0.8)
ESTIMATE = Speed(
    decode=Range(50.0, 100.0, 200.0),
    prefill=Range(500.0, 1000.0, 2000.0),
    depth=0,
    basis=Basis(how=How.TABLE, source="a table"),
    bound=BOUND,
)
RUN = Run(
    id="1", model="qwen3:4b", entry="Qwen3-4B", quant="Q4_K_M", device="RTX", runtime="Ollama",
    context=5120, depth=20, decode=80.0, prefill=0.0, expected_decode=100.0, bound=BOUND,
    at=1.0,
)  # fmt: skip


def replaced(*runs: Run, model: str = "qwen3:4b", quant: str = "Q4_K_M", depth: int = 0) -> Speed:
    estimate = changed(ESTIMATE, depth=depth)
    return replace(estimate, runs, model=model, quant=quant, device="RTX")


def test_without_runs_the_estimate_stays() -> None:
    assert replaced() == ESTIMATE


def test_a_run_of_the_model_replaces_the_estimate() -> None:
    found = replaced(RUN)
    assert found.decode.mid == pytest.approx(80.0)
    assert found.basis.how is How.MEASURED


@pytest.mark.parametrize("name", ["Qwen3:4B", "qwen3-4b"])
def test_it_is_the_model_by_any_of_its_names(name: str) -> None:
    assert replaced(RUN, model=name).basis.how is How.MEASURED


def test_the_band_is_that_of_the_repeats() -> None:
    runs = [changed(RUN, id=str(n), decode=value) for n, value in enumerate((60.0, 80.0, 95.0))]
    found = replaced(*runs).decode
    assert (found.low, found.mid, found.high) == pytest.approx((60.0, 80.0, 95.0))


def test_what_was_not_measured_stays_estimated() -> None:
    assert replaced(RUN).prefill == ESTIMATE.prefill


def test_the_run_at_the_nearest_depth_counts() -> None:
    deep = changed(RUN, id="2", depth=4096, decode=30.0)
    assert replaced(RUN, deep, depth=4000).decode.mid == pytest.approx(30.0)


def test_at_another_depth_the_estimate_is_moved_by_what_the_run_was_off() -> None:
    deep = changed(RUN, depth=4096, decode=30.0, expected_decode=60.0)
    assert replaced(deep, depth=0).decode.mid == pytest.approx(50.0)


def test_a_run_counts_as_it_is_where_nothing_was_expected() -> None:
    assert replaced(changed(RUN, expected_decode=0.0)).decode.mid == pytest.approx(80.0)


def test_old_runs_give_way_to_many_new_ones() -> None:
    new = [changed(RUN, id=str(n), at=10.0 + n, decode=40.0) for n in range(6)]
    assert replaced(RUN, *new).decode.high == pytest.approx(42.0)


def test_at_another_depth_it_is_moved_by_what_is_known_now() -> None:
    """A bandwidth that was measured since does not count twice."""
    run = changed(RUN, depth=4096, decode=60.0, expected_decode=20.0)
    found = replace(
        ESTIMATE, [run], model="qwen3:4b", quant="Q4_K_M", device="RTX", again=lambda _: ESTIMATE
    )
    assert found.decode.mid == pytest.approx(60.0)


def test_a_run_of_another_model_moves_the_estimate_half_as_far_as_it_was_off() -> None:
    found = replaced(changed(RUN, decode=81.0), model="llama3.1:8b")
    assert found.decode.mid == pytest.approx(90.0)
    assert found.basis.how is How.TABLE
    assert "corrected by runs of qwen3:4b" in found.basis.source


def test_the_more_others_agree_the_farther() -> None:
    others = [changed(RUN, model=name, entry="", decode=51.2) for name in "abc"]
    assert replaced(*others, model="llama3.1:8b").decode.mid == pytest.approx(100 * 0.512**0.75)


def test_of_others_the_usual_counts_and_not_the_odd_one() -> None:
    speeds = {"a": 90.0, "b": 90.0, "c": 1.0}
    others = [changed(RUN, model=name, entry="", decode=each) for name, each in speeds.items()]
    assert replaced(*others, model="llama3.1:8b").decode.mid == pytest.approx(100 * 0.9**0.75)


def test_a_correction_keeps_the_band_as_wide() -> None:
    found = replaced(RUN, model="llama3.1:8b")
    before = ESTIMATE.decode
    assert found.decode.high / found.decode.low == pytest.approx(before.high / before.low)
    assert (found.basis.low, found.basis.high) == (found.decode.low, found.decode.high)


def test_prompts_are_not_corrected_by_other_models() -> None:
    run = changed(RUN, prefill=10.0, expected_prefill=1000.0)
    assert replaced(run, model="llama3.1:8b").prefill == ESTIMATE.prefill


UNLIKE = [
    changed(BOUND, read=4e9 / 5),
    changed(BOUND, read=4e9 * 5),
    changed(BOUND, share=0.5),
    changed(BOUND, bandwidth=2e12),
    None,
]


@pytest.mark.parametrize("bound", UNLIKE)
def test_what_something_else_holds_up_corrects_nothing_and_that_is_said(
    bound: Bound | None,
) -> None:
    found = replaced(changed(RUN, bound=bound), model="llama3.1:8b")
    assert (found.decode, found.prefill) == (ESTIMATE.decode, ESTIMATE.prefill)
    assert "runs of qwen3:4b on this machine are too unlike it" in found.basis.source


@given(
    st.tuples(*2 * (st.floats(1e6, 1e12), st.floats(0, 1))),
)
def test_to_be_alike_is_mutual(numbers: tuple[float, float, float, float]) -> None:
    read, share, other_read, other_share = numbers
    one = changed(BOUND, read=read, share=share)
    other = changed(BOUND, read=other_read, share=other_share)
    assert alike(one, other) == alike(other, one)
    assert alike(one, one)


def test_another_quantisation_is_another_model() -> None:
    assert replaced(RUN, quant="Q8_0").basis.how is How.TABLE


def test_runs_of_another_device_say_nothing() -> None:
    assert replaced(changed(RUN, device="a CPU")) == ESTIMATE


def test_a_run_of_another_model_of_which_nothing_was_expected_corrects_nothing() -> None:
    found = replaced(changed(RUN, expected_decode=0.0), model="llama3.1:8b")
    assert found.decode == ESTIMATE.decode


@given(st.lists(st.floats(0.1, 1e4), min_size=1, max_size=9))
def test_a_band_holds_its_middle(speeds: list[float]) -> None:
    runs = [changed(RUN, id=str(n), at=float(n), decode=each) for n, each in enumerate(speeds)]
    found = replaced(*runs).decode
    assert found.low <= found.mid <= found.high


@pytest.mark.parametrize(
    ("placement", "device"),
    [
        (Placement(where="gpu", gpu_bytes={0: 1, 1: 1}), "RTX + RX"),
        (Placement(where="split", gpu_bytes={1: 1}), "RX + a CPU"),
        (Placement(where="ram"), "a CPU"),
    ],
)
def test_a_device_is_what_computes(placement: Placement, device: str) -> None:
    gpus = (
        Gpu(name="RTX", vendor="nvidia", total=1, free=1),
        Gpu(name="RX", vendor="amd", total=1, free=1),
    )
    here = Hardware(
        system="linux", cpu="a CPU", cores=1, threads=1, ram_total=1, ram_free=1, gpus=gpus
    )
    assert device_of(here, placement) == device
