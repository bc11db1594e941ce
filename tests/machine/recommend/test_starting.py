import msgspec
import pytest

from homeward.machine.catalogue import entries, find
from homeward.machine.catalogue.entry import Entry
from homeward.machine.estimate import Use
from homeward.machine.hardware import Hardware
from homeward.machine.recommend.fetched_as import source
from homeward.machine.recommend.nodes import nodes
from homeward.machine.recommend.recommend import Recommendations, recommend
from homeward.machine.recommend.starting import Start, passed_over, starting_set, together
from homeward.machine.recommend.verdict import Verdict
from tests.machine.machines import LAPTOP, with_gpu

USE = Use(context=8192)
NOTHING = Recommendations(task="", runs_well=(), runs=(), too_slow=(), does_not_fit=())


def chosen(hardware: Hardware, *, ollama: bool = True) -> tuple[Start, ...]:
    return starting_set(recommend(entries(), hardware, USE), hardware, ollama=ollama)


def entry(name: str, **tasks: float) -> Entry:
    return msgspec.structs.replace(find(name), tasks=tasks, evidence=())


GENERAL = entry("Qwen3-14B", chat=0.6, code=0.4)
CODER = entry("Qwen2.5-Coder-7B", code=0.7)
SMALL = entry("Qwen3-1.7B", chat=0.3, code=0.2)


def of(*there: Entry, vram: int = 24, task: str | None = None) -> dict[str, str]:
    hardware = with_gpu(vram)
    found = starting_set(recommend(there, hardware, USE, task=task), hardware, ollama=True)
    return {one.role: one.advice.name for one in found}


def test_a_large_card_gets_one_of_each_role() -> None:
    names = {"general": "Qwen3-14B", "coder": "Qwen2.5-Coder-7B", "quick": "Qwen3-1.7B"}
    assert of(GENERAL, CODER, SMALL) == names


def test_a_coder_that_is_no_better_than_the_general_one_is_not_fetched() -> None:
    assert "coder" not in of(entry("Qwen3-14B", chat=0.6, code=0.7), CODER, SMALL)


def test_a_card_without_room_for_all_gets_fewer() -> None:
    assert of(GENERAL, CODER, SMALL, vram=11) != of(GENERAL, CODER, SMALL)


def test_a_model_that_runs_is_better_than_one_that_runs_well_and_knows_little() -> None:
    tiny = entry("Qwen3-0.6B", chat=0.2)
    four, small = recommend([tiny, entry("Qwen3-4B", chat=0.5)], with_gpu(24), USE).runs_well
    slower = msgspec.structs.replace(four, verdict=Verdict.RUNS)
    found = msgspec.structs.replace(NOTHING, runs_well=(small,), runs=(slower,))
    (one, *_) = starting_set(found, with_gpu(24), ollama=True)
    assert one.advice.name == "Qwen3-4B"


@pytest.mark.parametrize("vram", [4, 6, 8, 12, 16, 24, 48])
def test_the_set_fits_together(vram: int) -> None:
    hardware = with_gpu(vram)
    assert together([one.advice for one in chosen(hardware)], hardware)


@pytest.mark.parametrize("vram", [8, 12, 24, 48])
@pytest.mark.parametrize("task", ["code", "math", "chat"])
def test_for_a_task_the_best_that_runs_is_one_of_them(vram: int, task: str) -> None:
    hardware = with_gpu(vram)
    found = recommend(entries(), hardware, USE, task=task)
    first = next(each for each in found.runs_well if each.ollama)
    members = starting_set(found, hardware, ollama=True)
    assert first.name in [one.advice.name for one in members]


def test_for_code_the_best_may_be_a_coder_and_a_general_one_goes_with_it() -> None:
    assert of(GENERAL, CODER, SMALL, task="code")["coder"] == "Qwen2.5-Coder-7B"
    assert "general" in of(GENERAL, CODER, SMALL, task="code")


def test_a_coder_without_room_for_a_general_one_answers_everything() -> None:
    hardware = with_gpu(24)
    found = recommend([CODER], hardware, USE, task="code")
    written = nodes(starting_set(found, hardware, ollama=True), USE, ollama=True)
    assert written["auto"] == {"fallback": ["coder"]}


def test_why_the_best_that_runs_is_no_member_is_told() -> None:
    untagged = msgspec.structs.replace(GENERAL, ollama=())
    hardware = with_gpu(24)
    found = recommend([untagged, SMALL], hardware, USE)
    members = starting_set(found, hardware, ollama=True)
    assert "no tag" in passed_over(found, members, ollama=True)


def test_of_one_that_is_a_member_there_is_nothing_to_tell() -> None:
    hardware = with_gpu(24)
    found = recommend([GENERAL], hardware, USE)
    assert passed_over(found, starting_set(found, hardware, ollama=True), ollama=True) == ""


def test_a_model_that_is_hardly_faster_is_no_quick_one() -> None:
    assert "quick" not in of(entry("Qwen3-4B", chat=0.5), entry("Llama-3.2-3B", chat=0.4))


def test_no_model_is_there_twice() -> None:
    names = [one.advice.name for one in chosen(LAPTOP)]
    assert len(set(names)) == len(names)


def test_the_same_set_is_chosen_again() -> None:
    assert chosen(LAPTOP) == chosen(LAPTOP)


@pytest.mark.parametrize("ollama", [True, False])
def test_each_can_be_fetched(ollama: bool) -> None:  # noqa: FBT001
    assert all(source(one.advice, ollama=ollama) for one in chosen(LAPTOP, ollama=ollama))


def test_nothing_is_chosen_where_nothing_runs() -> None:
    assert starting_set(NOTHING, LAPTOP, ollama=True) == ()


def test_code_goes_to_the_coder() -> None:
    hardware = with_gpu(24)
    found = recommend([GENERAL, CODER, SMALL], hardware, USE)
    auto = nodes(starting_set(found, hardware, ollama=True), USE, ollama=True)["auto"]
    assert auto["router"] == {
        "by": "task",
        "code": {"fallback": ["coder", "general", "quick"]},
        "else": {"fallback": ["general", "quick"]},
    }


def test_the_context_that_was_counted_with_is_written_down() -> None:
    for one in chosen(with_gpu(24)):
        node = nodes([one], USE, ollama=True)[one.role]
        assert node == {"ollama": {"model": one.advice.ollama, "num_ctx": 8192}}
