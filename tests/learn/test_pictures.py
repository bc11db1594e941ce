from collections.abc import Sequence
from pathlib import Path

import pytest

from homeward.learn.pictures import frontier, honesty
from homeward.learn.plots.png import write
from homeward.learn.routed import Walked, walk
from tests.learn.train.drawn import PAIR, THREE, router, rows, scored


def walked(models: Sequence[str] = PAIR) -> Walked:
    return walk(router(models), rows(100, seed=1))


def test_of_two_models_without_prices_the_cost_is_the_share_of_strong_calls() -> None:
    picture = frontier(walked())
    assert picture.x_title == "share of strong calls"
    assert {line.role for line in picture.lines} >= {"route", "random", "length", "oracle"}
    assert picture.points is not None
    assert (picture.points.labels, picture.points.x) == (PAIR, (0.0, 1.0))


def test_of_several_models_it_is_the_cost_of_a_request() -> None:
    picture = frontier(walked(THREE))
    assert picture.x_title == "cost of a request"
    assert {line.role for line in picture.lines} >= {"route", "hull", "length"}
    assert picture.points is not None
    assert {*picture.points.labels} == {*THREE}


def test_the_caption_counts_the_rows() -> None:
    assert "100 rows" in frontier(walked()).caption


@pytest.mark.parametrize("models", [PAIR, THREE])
def test_how_honest_the_chances_are_is_drawn_as_a_square(models: Sequence[str]) -> None:
    picture = honesty(walked(models))
    assert picture.square
    assert picture.points is not None
    assert all(0 <= share <= 1 for share in (*picture.points.x, *picture.points.y))


@pytest.mark.parametrize("models", [PAIR, THREE])
def test_both_can_be_written(tmp_path: Path, models: Sequence[str]) -> None:
    for name, picture in (("f", frontier(walked(models))), ("h", honesty(walked(models)))):
        write(picture, tmp_path / name)
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("count", [1, 30])
def test_scores_that_are_all_the_same_are_drawn(tmp_path: Path, count: int) -> None:
    alike = [scored(row, small=1.0, large=1.0) for row in rows(count, seed=1)]
    found = walk(router(PAIR), alike)
    write(frontier(found), tmp_path / "f")
    write(honesty(found), tmp_path / "h")
