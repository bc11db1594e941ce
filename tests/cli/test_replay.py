"""``homeward replay``."""

from pathlib import Path

import pytest

from tests.cli import past
from tests.cli.program import Program


@pytest.fixture
def table(tmp_path: Path) -> Path:
    past.config(tmp_path)
    return past.table(tmp_path)


@pytest.fixture
def ledger(tmp_path: Path) -> None:
    past.config(tmp_path)
    past.ledger(tmp_path)


def test_another_route_is_walked_over_a_table(homeward: Program, table: Path) -> None:
    told = homeward("replay", table, "--route", "always", "--json").json
    assert (told["rows"], told["replayed"], told["other_model"]) == (40, 40, 40)
    assert told["against"] == "what was answered at the time by auto"
    assert (told["cost_usd"]["then"], told["cost_usd"]["now"]) == (0.0, 20.0)
    assert (told["score"]["then"], told["score"]["now"]) == (0.375, 1.0)
    assert (told["local_share"]["then"], told["local_share"]["now"]) == (1.0, 0.0)
    assert told["verdict"]["word"] == "better"
    assert told["asked"] == 0


def test_two_routes_are_walked_over_the_same_rows(homeward: Program, table: Path) -> None:
    run = homeward("replay", table, "--route", "always", "--against", "auto", "--json")
    told = run.json
    assert told["against"] == "auto"
    assert (told["cost_usd"]["then"], told["cost_usd"]["now"]) == (10.0, 20.0)
    assert told["other_model"] == 20


def test_people_are_told_cost_first_and_a_verdict_last(homeward: Program, table: Path) -> None:
    lines = homeward("replay", table, "--route", "always").out.splitlines()
    assert lines[0] == "then: what was answered at the time by auto"
    assert lines[3].startswith("cost")
    assert "$20.0000" in lines[3]
    assert lines[-1].startswith("better: ")


def test_a_model_that_never_answered_is_told_and_not_asked(homeward: Program, table: Path) -> None:
    told = homeward("replay", table, "--route", "new", "--json").json
    assert (told["replayed"], told["not_replayable"]) == (0, 40)
    assert told["missing"] == {"other did not answer then": 40}
    assert told["verdict"]["word"] == "cannot tell"
    out = homeward("replay", table, "--route", "new").out
    assert "not replayed, 40 times: other did not answer then" in out


def test_it_is_asked_if_that_was_said(homeward: Program, table: Path) -> None:
    run = homeward("replay", table, "--route", "new", "--ask", "--limit", 5, "--json")
    assert "asks other 5 times" in run.err
    told = run.json
    assert (told["rows"], told["replayed"], told["asked"]) == (5, 5, 5)
    assert told["score"]["rows"] == 0


def test_where_all_is_recorded_nobody_is_asked(homeward: Program, table: Path) -> None:
    run = homeward("replay", table, "--route", "always", "--ask", "--json")
    assert (run.err, run.json["asked"]) == ("", 0)


@pytest.mark.usefixtures("ledger")
class TestWithALedger:
    def test_what_was_asked_lately_is_replayed(self, homeward: Program) -> None:
        run = homeward("replay", "--route", "always", "--json")
        told = run.json
        assert (told["rows"], told["replayed"]) == (39, 39)
        assert "1 of 40 requests have no contents kept" in run.err
        assert told["against"] == "what was answered at the time by auto"

    def test_a_route_that_answers_alike_is_not_worse(self, homeward: Program) -> None:
        told = homeward("replay", "--route", "small", "--json").json
        assert told["other_model"] == 0
        assert (told["score"]["rows"], told["difference"]) == (20, 0.0)
        assert told["verdict"]["word"] == "not worse"

    def test_what_nobody_graded_is_no_verdict(self, homeward: Program) -> None:
        told = homeward("replay", "--route", "always", "--json").json
        assert (told["unscored"], told["verdict"]["word"]) == (39, "cannot tell")

    def test_it_is_of_one_route(self, homeward: Program) -> None:
        run = homeward("replay", "--route", "always", "--of", "nothing")
        assert run.code == 3
        assert "the ledger has no requests of that time" in run.err

    def test_it_goes_back_as_far_as_asked(self, homeward: Program) -> None:
        assert homeward("replay", "--route", "always", "--since", "1m").code == 3


def test_it_is_drawn(homeward: Program, table: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    homeward("replay", table, "--route", "always", "--png", tmp_path / "it.png")
    assert (tmp_path / "it.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        ((), 2, "--route"),
        (("--route", "alway"), 1, "did you mean 'always'?"),
        (("--route", "always", "--since", "yesterday"), 2, "say 30d"),
        (("--route", "always", "--budget", "-1"), 2, "--budget"),
    ],
)
def test_a_mistake_is_told(
    homeward: Program, table: Path, words: tuple[str, ...], code: int, sentence: str
) -> None:
    run = homeward("replay", table, *words)
    assert (run.code, sentence in run.err) == (code, True)


def test_a_table_without_a_then_needs_a_route_to_compare_with(
    homeward: Program, tmp_path: Path
) -> None:
    past.config(tmp_path)
    (tmp_path / "t.jsonl").write_text('{"prompt": "p"}\n')
    run = homeward("replay", "t.jsonl", "--route", "always")
    assert (run.code, "--against" in run.err) == (3, True)


def test_an_empty_table_is_said(homeward: Program, tmp_path: Path) -> None:
    past.config(tmp_path)
    (tmp_path / "t.jsonl").touch()
    run = homeward("replay", "t.jsonl", "--route", "always")
    assert (run.code, "has no rows" in run.err) == (3, True)
