import pytest

from homeward.machine.catalogue import entries
from homeward.machine.estimate import Use
from homeward.machine.hardware import Hardware
from homeward.machine.recommend import Recommendations, recommend
from homeward.machine.starting import Start, nodes, source, starting_set, together
from tests.machine.machines import LAPTOP, with_gpu

USE = Use(context=8192)
NOTHING = Recommendations(task="", runs_well=(), runs=(), too_slow=(), does_not_fit=())


def chosen(hardware: Hardware, *, ollama: bool = True) -> tuple[Start, ...]:
    return starting_set(recommend(entries(), hardware, USE), hardware, ollama=ollama)


def test_a_large_card_gets_one_of_each_role() -> None:
    assert [one.role for one in chosen(with_gpu(24))] == ["general", "coder", "quick"]


@pytest.mark.parametrize("vram", [4, 6, 8, 12, 16, 24, 48])
def test_the_set_fits_together(vram: int) -> None:
    hardware = with_gpu(vram)
    assert together([one.advice for one in chosen(hardware)], hardware)


def test_the_quick_one_is_smaller_than_the_general_one() -> None:
    found = {one.role: one.advice for one in chosen(with_gpu(24))}
    assert found["quick"].active_parameters < found["general"].active_parameters


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
    auto = nodes(chosen(with_gpu(24)), USE, ollama=True)["auto"]
    assert auto["router"] == {
        "by": "task",
        "code": {"fallback": ["coder", "general", "quick"]},
        "else": {"fallback": ["general", "quick"]},
    }


def test_the_context_that_was_counted_with_is_written_down() -> None:
    for one in chosen(with_gpu(24)):
        node = nodes([one], USE, ollama=True)[one.role]
        assert node == {"ollama": {"model": one.advice.ollama, "num_ctx": 8192}}
