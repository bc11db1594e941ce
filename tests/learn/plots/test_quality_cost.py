import numpy as np
import pytest

from homeward.learn.curves import Curve, deferral
from homeward.learn.plots.picture import Line, Picture
from homeward.learn.plots.quality_cost import quality_against_cost

ROUTE = Curve(np.array([1.0, 2.0]), np.array([0.5, 0.7]))
SINGLES = {"small": (1.0, 0.5), "middle": (2.0, 0.55), "large": (3.0, 0.7)}


def drawn(picture: Picture, role: str) -> Line | None:
    return next((line for line in picture.lines if line.role == role), None)


def test_the_route_is_its_curve() -> None:
    line = drawn(quality_against_cost(ROUTE, SINGLES), "route")
    assert line == Line("route", "route", (1.0, 2.0), (0.5, 0.7))


def test_the_hull_is_of_the_single_models() -> None:
    line = drawn(quality_against_cost(ROUTE, SINGLES), "hull")
    assert line is not None
    assert (line.x, line.y) == ((1.0, 3.0), (0.5, 0.7))


def test_each_single_model_is_labelled() -> None:
    points = quality_against_cost(ROUTE, SINGLES).points
    assert points is not None
    assert points.labels == ("small", "middle", "large")
    assert (points.x, points.y) == ((1.0, 2.0, 3.0), (0.5, 0.55, 0.7))


@pytest.mark.parametrize("role", ["random", "length", "oracle"])
def test_a_baseline_is_drawn_where_it_is_given(role: str) -> None:
    curve = deferral([1, 2], [0, 1], [1, 1])
    assert drawn(quality_against_cost(ROUTE, SINGLES, **{role: curve}), role) is not None  # type: ignore[arg-type]
    assert drawn(quality_against_cost(ROUTE, SINGLES), role) is None


def test_the_route_lies_on_top() -> None:
    assert quality_against_cost(ROUTE, SINGLES, oracle=ROUTE).lines[-1].role == "route"
