import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from homeward.errors import ConfigError
from homeward.machine.catalogue import find
from homeward.machine.estimate import Basis, How, Use
from homeward.machine.fit import UNKNOWN, Fit, fit
from homeward.machine.hardware import Hardware
from homeward.machine.recommend.advice import subject_of
from homeward.machine.recommend.verdict import AT_EASE, READING, Verdict, sized, usual_context
from homeward.machine.shapes import Shapes
from homeward.machine.speed.measured import Run
from homeward.machine.subject import Subject
from homeward.machine.weights.weigh import weigh
from tests.machine.machines import GIB, LAPTOP, with_gpu

CARD = with_gpu(24)


def of(name: str, hardware: Hardware = CARD, quant: str = "", **use: object) -> Fit:
    asked = Use(**{"context": 8192, **use})  # type: ignore[arg-type]
    return fit(subject_of(find(name), quant), asked, hardware)


@pytest.mark.parametrize("name", ["Llama-3.1-8B", "Gemma-3-27B", "gpt-oss-20b", "DeepSeek-V2-Lite"])
def test_the_total_is_the_sum_of_its_parts(name: str) -> None:
    found = of(name)
    parts = (
        found.weights_bytes,
        found.kv_bytes,
        found.compute_bytes,
        found.projector_bytes,
        found.overhead_bytes,
    )
    assert found.total_bytes == sum(parts)


def test_every_size_and_speed_has_a_basis() -> None:
    wanted = {"weights", "kv", "compute", "projector", "overhead", "speed", "context", "shapes"}
    assert wanted <= set(of("Llama-3.1-8B").basis)


def test_the_json_has_the_keys_that_are_promised() -> None:
    told = msgspec.json.decode(msgspec.json.encode(of("Llama-3.1-8B")))
    promised = (
        "model quant context weights_bytes kv_bytes compute_bytes overhead_bytes total_bytes basis "
        "fits decode_tok_s prefill_tok_s licence"
    )
    assert set(promised.split()) <= set(told)
    assert set(told["fits"]) == {"gpu", "ram", "split"}
    assert set(told["decode_tok_s"]) == {"low", "mid", "high"}


def test_gemma_3_27b_fits_a_card_of_24_gib_with_32k_of_context() -> None:
    """llama-fit-params of llama.cpp 0c1e57098 counts 19.0 GiB; others' estimates refuse it."""
    assert of("Gemma-3-27B", context=32768).fits.gpu


def test_what_does_not_fit_says_what_would_help() -> None:
    found = of("Llama-3.3-70B", LAPTOP)
    assert found.verdict is Verdict.NOT
    assert found.remedies


def test_what_does_not_fit_has_no_speed() -> None:
    found = of("Llama-3.3-70B", LAPTOP)
    assert found.decode_tok_s.mid == 0
    assert "speed" not in found.basis


def test_what_fits_needs_no_remedies() -> None:
    assert of("Llama-3.1-8B").remedies == ()


def test_a_model_that_answers_more_slowly_than_one_reads_is_too_slow() -> None:
    found = of("Gemma-3-27B", LAPTOP)
    assert found.fits.ram
    assert found.decode_tok_s.mid < READING
    assert found.verdict is Verdict.SLOW


def test_a_fast_one_runs_well() -> None:
    found = of("Llama-3.1-8B")
    assert found.decode_tok_s.mid > AT_EASE
    assert found.verdict is Verdict.WELL


def test_the_longest_context_is_one_that_fits() -> None:
    found = of("Gemma-3-27B", context=8192)
    assert of("Gemma-3-27B", context=found.longest_context).fits.gpu


def test_a_context_beyond_the_trained_one_is_warned_of() -> None:
    assert "40,960" in of("Qwen3-8B", context=131072).warnings[0]


def test_slots_share_the_context_that_is_warned_of() -> None:
    assert of("Qwen3-8B", context=131072, parallel=4).warnings == ()


def test_a_base_model_is_told_as_one() -> None:
    entry = msgspec.structs.replace(find("Llama-3.1-8B"), kind="base")
    found = fit(subject_of(entry), Use(context=4096), CARD)
    assert "base model" in found.warnings[0]


def test_a_measured_run_replaces_the_estimate() -> None:
    run = Run(
        id="1",
        model="Llama-3.1-8B",
        quant="Q4_K_M",
        device=CARD.gpus[0].name,
        runtime="ollama",
        context=8192,
        depth=0,
        decode=100.0,
        prefill=3000.0,
        at=0.0,
    )
    subject = subject_of(find("Llama-3.1-8B"))
    found = fit(subject, Use(context=8192), CARD, measured=[run], depth=0)
    assert found.basis["speed"].how is How.MEASURED
    assert found.decode_tok_s.mid == pytest.approx(100)


def test_the_speed_is_told_halfway_through_a_context_that_was_asked_for() -> None:
    assert of("Llama-3.1-8B", context=8192).depth == 4096


def test_without_a_context_the_speed_is_told_at_its_beginning() -> None:
    subject = subject_of(find("Llama-3.1-8B"), "")
    assert fit(subject, Use(context=8192), CARD, asked=False).depth == 0


def test_the_band_reaches_from_the_end_of_the_context_to_its_beginning() -> None:
    subject = subject_of(find("Llama-3.1-8B"), "")
    throughout, empty, full = (
        fit(subject, Use(context=32768), CARD, depth=depth).decode_tok_s
        for depth in (None, 0, 32768)
    )
    assert (throughout.low, throughout.high) == (full.low, empty.high)


def test_each_slot_has_its_share_of_the_context_to_fill() -> None:
    assert of("Llama-3.1-8B", context=8192, parallel=4).depth == 1024


def test_a_model_without_a_known_licence_says_so() -> None:
    shapes = Shapes(parameters=7_000_000_000)
    subject = Subject(
        name="mine",
        quant="Q4_K_M",
        shapes=shapes,
        weights=weigh(shapes, "Q4_K_M"),
        basis=Basis(how=How.GIVEN, source="a test"),
    )
    assert fit(subject, Use(context=4096), CARD).licence == UNKNOWN


def test_a_cache_type_that_nobody_has_is_refused() -> None:
    with pytest.raises(ConfigError):
        of("Llama-3.1-8B", kv="q9_0")


@pytest.mark.parametrize(("trained", "usual"), [(0, 8192), (2048, 2048), (131072, 8192)])
def test_the_usual_context_is_no_longer_than_the_trained_one(trained: int, usual: int) -> None:
    assert usual_context(trained) == usual


LLAMA, GEMMA = subject_of(find("Llama-3.1-8B")), subject_of(find("Gemma-3-12B"))


@given(some.integers(1, 512), some.integers(1, 512))
def test_more_memory_never_makes_it_fit_less(vram: int, more: int) -> None:
    less = sized(LLAMA, Use(context=8192), with_gpu(vram)).fits
    greater = sized(LLAMA, Use(context=8192), with_gpu(vram + more)).fits
    assert (less.gpu, less.split) <= (greater.gpu, greater.split)


@given(some.integers(1, 64), some.integers(1, 64))
def test_nothing_is_placed_where_there_is_no_room(vram: int, ram: int) -> None:
    placed = sized(GEMMA, Use(context=8192), with_gpu(vram, ram=ram)).placement
    assert sum(placed.gpu_bytes.values()) <= vram * GIB
    assert placed.ram_bytes <= ram * GIB
