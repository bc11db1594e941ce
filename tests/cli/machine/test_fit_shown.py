import pytest
from hypothesis import given
from hypothesis import strategies as some

from homeward.cli.machine.fit_shown import Piece, bar, card, headline, hung, of, shares
from homeward.machine.catalogue import find
from homeward.machine.estimate import Use
from homeward.machine.fit import Fit, fit
from homeward.machine.memory.placing import ram_room
from homeward.machine.recommend.advice import subject_of
from homeward.machine.sizes import shown
from tests.machine.machines import GIB, LAPTOP, with_gpu


def fitted(name: str = "Llama-3.1-8B", context: int = 8192, vram: int = 24) -> Fit:
    hardware = with_gpu(vram) if vram else LAPTOP
    return fit(subject_of(find(name)), Use(context=context), hardware)


@given(some.lists(some.integers(0, 10**12), min_size=1, max_size=6), some.integers(10, 200))
def test_the_cells_of_the_bar_add_up(sizes: list[int], cells: int) -> None:
    counts = shares(sizes, cells)
    assert sum(counts) == cells if sum(sizes) else sum(counts) <= cells
    assert min(counts) >= 1


def test_the_bar_is_drawn_with_letters_where_blocks_cannot_be() -> None:
    drawn = list(bar([Piece("weights", GIB, "█", "W", "")], 2 * GIB, 21, plain=True))
    assert drawn[0].plain == "W" * 10 + "." * 10


def test_what_is_too_much_is_said() -> None:
    drawn = list(bar([Piece("weights", 3 * GIB, "█", "W", "")], 2 * GIB, 21))
    assert drawn[1].plain == "1.0 GiB more than there is"


def test_sizes_of_one_unit_say_it_once() -> None:
    assert of(2 * GIB, 4 * GIB) == "2.0 of 4.0 GiB"
    assert of(GIB // 2, 4 * GIB) == "512 MiB of 4.0 GiB"


def test_the_headline_says_the_verdict_the_speed_and_the_room() -> None:
    line = headline(fitted())
    assert line.startswith("runs well on this machine: ~")
    assert line.endswith("of 24.0 GiB")


def test_the_headline_of_what_does_not_fit() -> None:
    assert headline(fitted("Llama-3.3-70B", vram=0)).startswith("does not fit this machine: ")


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("name", ["Llama-3.1-8B", "Gemma-3-27B", "Llama-3.3-70B"])
def test_no_line_is_wider_than_the_terminal(
    name: str, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    card(fitted(name))
    assert max(map(len, capsys.readouterr().out.splitlines())) <= width


def test_a_pipe_gets_no_escape_sequences(capsys: pytest.CaptureFixture[str]) -> None:
    card(fitted())
    assert "\x1b" not in capsys.readouterr().out


def test_the_card_names_the_conditions_of_the_licence(capsys: pytest.CaptureFixture[str]) -> None:
    card(fitted("Llama-3.3-70B"))
    assert "700 million" in capsys.readouterr().out


def test_rows_of_one_name_say_it_once() -> None:
    drawn = [line.plain for line in hung([("a", "one"), ("a", "two"), ("b", "three")], 40)]
    assert drawn == ["a  one", "   two", "b  three"]


def test_what_is_free_is_one_number_in_a_card(capsys: pytest.CaptureFixture[str]) -> None:
    """Of main memory, what is free beside the system's share."""
    found = fitted("Llama-3.3-70B", vram=0)
    free = shown(ram_room(LAPTOP))
    assert free in headline(found)
    assert free in found.because
    card(found)
    assert f"{shown(found.total_bytes - ram_room(LAPTOP))} more" in capsys.readouterr().out


def test_a_card_counts_what_lies_on_it() -> None:
    found = fitted()
    assert of(sum(found.placement.gpu_bytes.values()), 24 * GIB) in headline(found)


def test_what_makes_vectors_is_told_and_has_no_speed() -> None:
    line = headline(fitted("all-MiniLM-L6-v2", context=512))
    assert line.startswith("fits this machine: ")
    assert "it makes vectors" in line
    assert "tok/s" not in line
