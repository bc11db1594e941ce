from pathlib import Path

import msgspec
import pytest

from homeward.outcomes import RecordedAnswer, Row
from homeward.signals.learned.file import save
from tests.cli.program import Program, Run
from tests.learn.train.drawn import ELSEWHERE, PAIR, THREE, router, rows, scored, written


@pytest.fixture
def later(tmp_path: Path) -> Path:
    return written(tmp_path / "later.jsonl", rows(80, seed=1, words=True))


@pytest.fixture
def two(tmp_path: Path) -> Path:
    save(router(PAIR), tmp_path / "two")
    return tmp_path / "two"


@pytest.fixture
def three(tmp_path: Path) -> Path:
    save(router(THREE), tmp_path / "three")
    return tmp_path / "three"


def told(run: Run) -> str:
    return " ".join(run.err.split())


def test_json_has_the_fields_of_two_models(homeward: Program, later: Path, two: Path) -> None:
    found = homeward("evaluate", later, "--router", two, "--json").json
    assert {"rows", "labels", "apgr", "cpt50", "cpt80", "auroc", "ece"} <= {*found}
    assert {"decision_ms_p50", "decision_ms_p95", "baselines"} <= {*found}
    assert not {"aiq", "cost_saved_at_best_single", "accuracy_at_best_single_cost"} & {*found}
    assert (found["rows"], found["labels"]) == (80, 300)


def test_json_has_the_fields_of_several_models(homeward: Program, later: Path, three: Path) -> None:
    found = homeward("evaluate", later, "--router", three, "--json").json
    assert {"aiq", "cost_saved_at_best_single", "accuracy_at_best_single_cost"} <= {*found}
    assert not {"apgr", "cpt50", "cpt80"} & {*found}
    assert {*found["baselines"]} == {"random", "length", "best_single", "hull", "oracle"}


def test_people_see_the_router_between_the_baselines(
    homeward: Program, later: Path, two: Path
) -> None:
    run = homeward("evaluate", later, "--router", two)
    assert run.code == 0
    for word in ("80 rows, learned from 300", "random", "length", "oracle", "APGR", "AUROC"):
        assert word in run.out


def test_of_several_models_people_see_the_hull(homeward: Program, later: Path, three: Path) -> None:
    run = homeward("evaluate", later, "--router", three)
    for word in ("hull", "AIQ", "saved at best single"):
        assert word in run.out


def test_a_limit_takes_the_first_rows(homeward: Program, later: Path, two: Path) -> None:
    words = ("evaluate", later, "--router", two, "--limit", 7, "--json")
    assert homeward(*words).json["rows"] == 7


def test_one_row_is_enough(homeward: Program, later: Path, two: Path) -> None:
    run = homeward("evaluate", later, "--router", two, "--limit", 1)
    assert run.code == 0


def test_a_router_that_reads_answers_reads_the_recorded_ones(
    homeward: Program, later: Path, tmp_path: Path
) -> None:
    save(router(PAIR, with_answer=True, checkers=("b",)), tmp_path / "reads")
    plain = tmp_path / "plain"
    save(router(PAIR), plain)
    found = [
        homeward("evaluate", later, "--router", path, "--json").json["auroc"]
        for path in (tmp_path / "reads", plain)
    ]
    assert found[0] > found[1]


def test_rows_of_another_kind_are_told(homeward: Program, tmp_path: Path, two: Path) -> None:
    other = [msgspec.structs.replace(row, prompt=ELSEWHERE) for row in rows(30, seed=1)]
    path = written(tmp_path / "other.jsonl", other)
    run = homeward("evaluate", path, "--router", two)
    assert "100% of the rows are out of the distribution" in " ".join(run.out.split())
    assert homeward("evaluate", path, "--router", two, "--json").json["out_of_distribution"] == 1


def test_pictures_are_drawn_beside_each_other(
    homeward: Program, later: Path, two: Path, tmp_path: Path
) -> None:
    run = homeward("evaluate", later, "--router", two, "--png", "p.png", "--json")
    assert run.code == 0
    for name in ("p.png", "p-honesty.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_scores_that_are_all_the_same_are_shown(
    homeward: Program, tmp_path: Path, two: Path, score: float
) -> None:
    alike = [scored(row, small=score, large=score) for row in rows(30, seed=1)]
    path = written(tmp_path / "alike.jsonl", alike)
    assert homeward("evaluate", path, "--router", two).code == 0
    assert "apgr" not in homeward("evaluate", path, "--router", two, "--json").json


def test_a_folder_without_a_router_is_told(homeward: Program, later: Path) -> None:
    run = homeward("evaluate", later, "--router", "nowhere")
    assert run.code == 3
    assert "no router in nowhere; `homeward learn TABLE --out nowhere` trains one" in told(run)


def test_a_table_that_lacks_a_model_is_told(homeward: Program, tmp_path: Path, two: Path) -> None:
    lacking = Row("p", answers={"small": RecordedAnswer(score=1)})
    run = homeward("evaluate", written(tmp_path / "t.jsonl", [lacking]), "--router", two)
    assert run.code == 3
    assert "'large'" in told(run)


def test_a_table_without_grades_is_told(homeward: Program, tmp_path: Path, two: Path) -> None:
    ungraded = [scored(row, small=None) for row in rows(5)]
    run = homeward("evaluate", written(tmp_path / "t.jsonl", ungraded), "--router", two)
    assert run.code == 3
    assert "graded answers of all of small, large" in told(run)


def test_an_empty_table_is_told(homeward: Program, tmp_path: Path, two: Path) -> None:
    run = homeward("evaluate", written(tmp_path / "t.jsonl", []), "--router", two)
    assert run.code == 3
    assert "no rows" in told(run)


@pytest.mark.parametrize("words", [("--route", "auto"), ("-r", "auto")])
def test_a_router_and_a_route_are_not_both_asked(
    homeward: Program, later: Path, two: Path, words: tuple[str, ...]
) -> None:
    run = homeward("evaluate", later, "--router", two, *words)
    assert run.code in (2, 3)
    assert run.out == ""


def test_a_picture_needs_a_router(homeward: Program, later: Path) -> None:
    run = homeward("evaluate", later, "--png", "p.png")
    assert run.code == 3
    assert "--router" in told(run)


def test_a_picture_that_cannot_be_written_is_told(
    homeward: Program, later: Path, two: Path
) -> None:
    run = homeward("evaluate", later, "--router", two, "--png", "nowhere/p.png")
    assert run.code == 3
    assert "cannot write the picture nowhere/p.png" in told(run)
