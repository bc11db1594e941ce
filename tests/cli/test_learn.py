import os
import signal
import sys
from pathlib import Path

import msgspec
import pytest

from homeward.cli.learn import drawn, listed
from homeward.outcomes import read
from homeward.signals.learned.file import ARRAYS, CARD, load
from tests.cli.program import Program, Run
from tests.learn.train.drawn import PAIR, PRICES, THREE, prompt, rows, scored, written

TWO = ("--cheap", "small", "--strong", "large")


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return written(tmp_path / "drawn.jsonl", rows(120, words=True))


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    path = tmp_path / "prices.json"
    path.write_bytes(msgspec.json.encode(PRICES))
    return path


def told(run: Run) -> str:
    """What is said to people, on one line."""
    return " ".join(run.err.split())


# ---------------------------------------------------------------- what it does


def test_a_router_is_trained_shown_and_written(homeward: Program, table: Path) -> None:
    run = homeward("learn", table, *TWO, "--out", "r")
    assert run.code == 0
    assert "r learned from 120 rows" in run.out
    assert "homeward evaluate TABLE --router r" in run.out
    assert load("r").models == PAIR


def test_json_is_the_card(homeward: Program, table: Path) -> None:
    run = homeward("learn", table, *TWO, "--out", "r", "--json")
    assert run.json == msgspec.json.decode(Path("r", CARD).read_bytes())
    assert (run.json["labels"], run.json["table"]) == (120, "drawn.jsonl")
    assert run.err == ""


def test_the_folders_above_it_are_made(homeward: Program, table: Path) -> None:
    assert homeward("learn", table, *TWO, "--out", "a/b/r").code == 0
    assert load("a/b/r").models == PAIR


def test_several_models_go_from_cheap_to_dear(homeward: Program, table: Path, prices: Path) -> None:
    words = ("--models", "large, small,middle", "--prices", prices)
    assert homeward("learn", table, *words, "--out", "r").code == 0
    assert load("r").models == THREE
    assert load("r").card.prices == PRICES


def test_several_models_without_prices_stay_as_they_are_named(
    homeward: Program, table: Path
) -> None:
    assert homeward("learn", table, "--models", "large,small", "--out", "r").code == 0
    assert load("r").models == ("large", "small")


def test_answers_are_read_where_it_is_asked(homeward: Program, table: Path) -> None:
    words = ("--with-answer", "--checkers", "a,b")
    card = homeward("learn", table, *TWO, *words, "--out", "r", "--json").json
    assert (card["with_answer"], card["checkers"], card["type"]) == (True, ["a", "b"], "number")
    assert load("r").right(prompt(), "It is 4.", "4", ["4", "4"]) > 0.5


def test_a_router_that_is_there_is_replaced(homeward: Program, table: Path, prices: Path) -> None:
    homeward("learn", table, *TWO, "--out", "r")
    words = ("--models", ",".join(THREE), "--prices", prices)
    assert homeward("learn", table, *words, "--out", "r").code == 0
    assert load("r").models == THREE
    assert sorted(path.name for path in Path("r").iterdir()) == [ARRAYS, CARD]


# ---------------------------------------------------------------- labels and seeds


def test_labels_are_how_many_rows_are_used(homeward: Program, table: Path) -> None:
    card = homeward("learn", table, *TWO, "--labels", 70, "--out", "r", "--json").json
    assert card["labels"] == 70


def test_the_same_seed_draws_the_same_rows(homeward: Program, table: Path) -> None:
    def card(*words: object) -> object:
        run = homeward("learn", table, *TWO, "--labels", 70, *words, "--out", "r", "--json")
        return run.json

    assert card() == card() == card("--seed", 0)
    assert card("--seed", 1) != card()


def test_no_row_is_drawn_twice_and_none_is_made_up(table: Path) -> None:
    every = [*read(table)]
    chosen = drawn(every, 70, 0)
    assert len({row.id for row in chosen}) == 70
    assert {row.id for row in chosen} < {row.id for row in every}


def test_rows_that_are_not_drawn_are_not_learned_from(homeward: Program, tmp_path: Path) -> None:
    every = rows(120)
    kept = drawn(every, 70, 0)
    other = [row if row in kept else scored(row, small=0.0, large=0.0) for row in every]
    for name, some in (("one", every), ("two", other)):
        path = written(tmp_path / f"{name}.jsonl", some)
        homeward("learn", path, *TWO, "--labels", 70, "--out", name)
    texts = [row.prompt for row in rows(20, seed=4)]
    first, second = (load(name) for name in ("one", "two"))
    assert [first.predict(text) for text in texts] == [second.predict(text) for text in texts]


def test_ungraded_rows_are_not_drawn(homeward: Program, tmp_path: Path) -> None:
    some = [scored(row, small=None) if n % 2 else row for n, row in enumerate(rows(160))]
    path = written(tmp_path / "some.jsonl", some)
    card = homeward("learn", path, *TWO, "--labels", 80, "--out", "r", "--json").json
    assert card["labels"] == 80


def test_more_labels_than_there_are_is_said(homeward: Program, table: Path) -> None:
    run = homeward("learn", table, *TWO, "--labels", 500, "--out", "r", "--json")
    assert (run.code, run.json["labels"]) == (0, 120)
    assert "120 graded rows only; all are used" in told(run)


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (TWO, "--out FOLDER"),
        (("--cheap", "small", "--out", "r"), "--cheap and --strong belong together"),
        (("--strong", "large", "--out", "r"), "--cheap and --strong belong together"),
        (("--out", "r"), "name the models"),
        ((*TWO, "--models", "small,large", "--out", "r"), "name the models"),
        (("--models", "small", "--out", "r"), "at least two different models"),
        (("--models", "small,small", "--out", "r"), "at least two different models"),
        (("--cheap", "small", "--strong", "huge", "--out", "r"), "'huge'"),
        ((*TWO, "--checkers", "nobody", "--out", "r"), "'nobody'"),
        ((*TWO, "--checkers", "small", "--out", "r"), "'small' cannot check itself"),
        ((*TWO, "--labels", "5", "--out", "r"), "5 graded rows are too few"),
        ((*TWO, "--prices", "nowhere.json", "--out", "r"), "no price list at nowhere.json"),
        ((*TWO, "--rollback", "--out", "r"), "leave out TABLE"),
        ((*TWO, "--status", "--out", "r"), "leave out TABLE"),
        ((*TWO, "--dry-run", "--out", "r"), "leave out TABLE"),
        ((*TWO, "--promote", "--out", "r"), "leave out TABLE"),
        ((*TWO, "--out", "drawn.jsonl"), "is a file"),
    ],
)
def test_a_mistake_is_told_in_a_sentence_and_nothing_is_written(
    homeward: Program, table: Path, words: tuple[str, ...], sentence: str
) -> None:
    run = homeward("learn", table, *words)
    assert run.code == 3
    assert sentence in told(run)
    assert run.out == ""
    assert [path.name for path in Path.cwd().iterdir()] == [table.name]


def test_a_price_that_is_missing_is_named(homeward: Program, table: Path, prices: Path) -> None:
    prices.write_text('{"small": 0.1}')
    words = ("--models", ",".join(THREE), "--prices", prices, "--out", "r")
    run = homeward("learn", table, *words)
    assert run.code == 3
    assert "has no price of middle, large" in told(run)


def test_a_table_without_the_words_cannot_be_read_with_answers(
    homeward: Program, tmp_path: Path
) -> None:
    silent = written(tmp_path / "silent.jsonl", rows(60))
    run = homeward("learn", silent, *TWO, "--with-answer", "--out", "r")
    assert run.code == 3
    assert "no words of 'small': train without --with-answer" in told(run)


def test_a_table_that_is_not_there_is_told(homeward: Program) -> None:
    run = homeward("learn", "nowhere.jsonl", *TWO, "--out", "r")
    assert run.code == 3
    assert "nowhere.jsonl" in told(run)


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_table_is_told(homeward: Program, tmp_path: Path, content: str) -> None:
    (tmp_path / "empty.jsonl").write_text(content)
    run = homeward("learn", "empty.jsonl", *TWO, "--out", "r")
    assert run.code == 3
    assert "no row" in told(run)


def test_a_table_that_is_none_is_told_with_its_line(homeward: Program, tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text('{"prompt": "p"}\nnonsense\n')
    run = homeward("learn", "odd.jsonl", *TWO, "--out", "r")
    assert run.code == 3
    assert "line 2 of odd.jsonl" in told(run)


def test_a_mistake_is_told_as_json_too(homeward: Program, table: Path) -> None:
    run = homeward("learn", table, *TWO, "--json")
    assert run.code == 3
    assert "--out" in run.out + run.err


@pytest.mark.parametrize(
    "words", [TWO, ("--out", "r"), ("--labels", "9"), ("--with-answer",), ("--checkers", "a")]
)
def test_options_of_a_table_need_one(homeward: Program, words: tuple[str, ...]) -> None:
    run = homeward("learn", *words)
    assert run.code == 3
    assert "homeward learn TABLE" in told(run)


@pytest.mark.parametrize("labels", ["0", "-1", "many"])
def test_labels_are_a_number_of_rows(homeward: Program, table: Path, labels: str) -> None:
    assert homeward("learn", table, *TWO, "--labels", labels, "--out", "r").code == 2


# ---------------------------------------------------------------- nothing half-written


def test_ctrl_c_while_it_trains_leaves_nothing(
    homeward: Program, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("homeward.cli.learn._Steps.begin", _interrupts)
    run = homeward("learn", table, *TWO, "--out", "r")
    assert run.code == 130
    assert not Path("r").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="there a process cannot interrupt itself")
def test_ctrl_c_leaves_the_router_that_was_there(
    homeward: Program, table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    homeward("learn", table, *TWO, "--out", "r")
    before = {path.name: path.read_bytes() for path in Path("r").iterdir()}
    monkeypatch.setattr("homeward.cli.learn._Steps.begin", _interrupts)
    assert homeward("learn", table, *TWO, "--seed", 1, "--out", "r").code == 130
    assert {path.name: path.read_bytes() for path in Path("r").iterdir()} == before


def _interrupts(self: object, what: str) -> None:
    """Ctrl-C in the middle of the work."""
    if what.startswith("fitting"):
        os.kill(os.getpid(), signal.SIGINT)


@pytest.mark.parametrize(
    ("words", "found"), [(None, []), ("", []), (" a, b ,,c ", ["a", "b", "c"]), ("a", ["a"])]
)
def test_names_stand_between_commas(words: str | None, found: list[str]) -> None:
    assert listed(words) == found


def test_a_name_can_neither_colour_the_terminal_nor_end_the_program(
    homeward: Program, tmp_path: Path
) -> None:
    odd = "[/red]\x1b[31m"
    renamed = [
        msgspec.structs.replace(row, answers={odd: row.answers["small"], **row.answers})
        for row in rows(60)
    ]
    path = written(tmp_path / "odd.jsonl", renamed)
    run = homeward("learn", path, "--cheap", odd, "--strong", "large", "--out", "[bold]r")
    assert run.code == 0
    assert "\x1b" not in run.out
    assert "[bold]r learned from 60 rows" in run.out
