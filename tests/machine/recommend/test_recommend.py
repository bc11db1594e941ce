import msgspec
import pytest

from homeward.errors import ConfigError
from homeward.machine.catalogue import entries, find, licence
from homeward.machine.catalogue.entry import Entry, Evidence
from homeward.machine.estimate import Use
from homeward.machine.hardware import Hardware
from homeward.machine.recommend.advice import Advice
from homeward.machine.recommend.recommend import KINDS, Recommendations, recommend
from homeward.machine.recommend.strengths import size_class
from homeward.machine.recommend.verdict import AT_EASE, READING
from tests.machine.machines import LAPTOP, with_gpu

USE = Use(context=8192)
CARD = with_gpu(24)


def everything(found: Recommendations) -> list[Advice]:
    return [*found.runs_well, *found.runs, *found.too_slow, *found.does_not_fit]


@pytest.fixture(scope="module", params=["laptop", "card"])
def machine(request: pytest.FixtureRequest) -> Hardware:
    return LAPTOP if request.param == "laptop" else CARD


def test_the_same_question_has_the_same_answer(machine: Hardware) -> None:
    assert recommend(entries(), machine, USE) == recommend(entries()[::-1], machine, USE)


def test_every_group_is_as_fast_as_it_says(machine: Hardware) -> None:
    found = recommend(entries(), machine, USE)
    assert all(each.decode_tok_s.mid >= AT_EASE for each in found.runs_well)
    assert all(READING <= each.decode_tok_s.mid < AT_EASE for each in found.runs)
    assert all(each.decode_tok_s.mid < READING for each in found.too_slow)


def test_what_is_recommended_lies_in_memory_that_is_free(machine: Hardware) -> None:
    free = machine.ram_free + sum(gpu.free for gpu in machine.gpus)
    found = recommend(entries(), machine, USE)
    assert all(each.total_bytes <= free for each in (*found.runs_well, *found.runs))


def test_only_models_that_answer_are_recommended() -> None:
    kinds = {each.kind for each in everything(recommend(entries(), CARD, USE, every=True))}
    assert kinds <= set(KINDS)


def of_kind(entry: Entry, **changes: object) -> Entry:
    return msgspec.structs.replace(entry, **changes)


@pytest.mark.parametrize("kind", ["base", "embedding", "forecast"])
def test_other_kinds_are_left_out(kind: str) -> None:
    found = recommend([of_kind(find("Qwen3-8B"), kind=kind)], CARD, USE)
    assert everything(found) == []


def test_derivatives_are_left_out() -> None:
    found = recommend([of_kind(find("Qwen3-8B"), official=False)], CARD, USE)
    assert everything(found) == []


def test_one_model_stands_for_its_family_and_size() -> None:
    twin = of_kind(find("Qwen3-8B"), name="Qwen3-8B-older", released="2020-02-02")
    found = recommend([twin, find("Qwen3-8B")], CARD, USE)
    assert [each.name for each in everything(found)] == ["Qwen3-8B"]


def test_all_of_them_can_be_asked_for() -> None:
    twin = of_kind(find("Qwen3-8B"), name="Qwen3-8B-older", released="2020-02-02")
    assert len(everything(recommend([twin, find("Qwen3-8B")], CARD, USE, every=True))) == 2


def test_a_published_score_goes_before_an_expectation() -> None:
    score = Evidence(benchmark="MATH-500", score=0.99, source="a test")
    strong = of_kind(find("Llama-3.2-3B"), tasks={"math": 0.99}, evidence=(score,))
    found = recommend([find("Qwen3-8B"), strong], CARD, USE, task="math")
    assert [each.name for each in found.runs_well] == ["Llama-3.2-3B", "Qwen3-8B"]
    assert found.runs_well[0].published
    assert "MATH-500 0.99" in found.runs_well[0].why


def test_a_coder_comes_first_for_code_and_not_else() -> None:
    pair = [find("Qwen2.5-Coder-7B"), find("Qwen2.5-7B")]
    pair = [of_kind(each, tasks={}, evidence=()) for each in pair]
    code = recommend(pair, CARD, USE, task="code").runs_well
    chat = recommend(pair, CARD, USE, task="chat").runs_well
    assert [each.name for each in code] == ["Qwen2.5-Coder-7B", "Qwen2.5-7B"]
    assert [each.name for each in chat] == ["Qwen2.5-7B", "Qwen2.5-Coder-7B"]


def test_only_models_that_see_are_recommended_for_pictures() -> None:
    found = recommend(entries(), CARD, USE, task="vision")
    assert {each.kind for each in everything(found)} == {"vision"}


def test_a_licence_is_a_condition(machine: Hardware) -> None:
    found = recommend(entries(), machine, USE, licence="unconditional")
    assert {licence(each.licence).commercial for each in everything(found)} == {"yes"}


def test_a_licence_can_be_named() -> None:
    found = recommend(entries(), CARD, USE, licence="Apache-2.0")
    assert {each.spdx for each in everything(found)} == {"Apache-2.0"}


def test_a_licence_that_no_model_has_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"apache-2\.0"):
        recommend(entries(), CARD, USE, licence="my-own")


def test_a_task_that_is_none_is_an_error() -> None:
    with pytest.raises(ConfigError, match="summary"):
        recommend(entries(), CARD, USE, task="cooking")


def test_three_bits_are_taken_only_where_four_do_not_fit() -> None:
    found = recommend([find("Gemma-3-27B")], with_gpu(17, ram=4), USE)
    (advice,) = everything(found)
    assert advice.quant == "Q3_K_M"
    assert "Q4_K_M takes" in advice.why


def test_the_context_is_no_longer_than_was_trained_for() -> None:
    found = recommend([find("Qwen3-8B")], CARD, Use(context=262144))
    assert everything(found)[0].context == 40960


def test_a_larger_quantisation_is_named_where_there_is_room() -> None:
    found = recommend([find("Qwen3-8B")], CARD, USE)
    assert found.runs_well[0].room_for == "Q8_0"


def test_mixtures_are_not_hidden_behind_dense_models_of_their_size() -> None:
    found = recommend([find("Qwen3-32B"), find("Qwen3-30B-A3B")], CARD, USE)
    assert len(everything(found)) == 2


@pytest.mark.parametrize(("one", "other"), [(7e9, 8e9), (1.2e9, 1.7e9), (27e9, 32e9)])
def test_neighbours_in_size_are_of_one_class(one: float, other: float) -> None:
    assert size_class(int(one)) == size_class(int(other))


def test_of_small_models_without_figures_the_larger_class_comes_first() -> None:
    """A newer one of 350 million parameters is not expected to be better than one of 700."""
    names = [each.name for each in recommend(entries(), CARD, USE).runs_well]
    assert names.index("LFM2-700M") < names.index("LFM2.5-350M")


def test_of_one_class_of_small_models_the_newer_comes_first() -> None:
    pair = [find("TinyLlama-1.1B"), find("Llama-3.2-1B")]
    names = [each.name for each in recommend(pair, CARD, USE).runs_well]
    assert names == ["Llama-3.2-1B", "TinyLlama-1.1B"]
