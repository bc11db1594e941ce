"""Quality against cost: a route's curve between its own models and the usual baselines."""

from collections.abc import Mapping

from homeward.learn.curves import Curve, hull
from homeward.learn.plots.picture import Line, Picture, Points, Role


def quality_against_cost(
    route: Curve,
    singles: Mapping[str, tuple[float, float]],
    *,
    random: Curve | None = None,
    length: Curve | None = None,
    oracle: Curve | None = None,
    x_title: str = "cost",
    title: str = "Quality against cost",
    caption: str = "",
) -> Picture:
    """``singles`` is each model's cost and quality alone; their hull is drawn with them.

    Whatever ``spent`` of the curves is (dollars, or a share of strong calls), the singles' cost is
    the same, and ``x_title`` says so. The axis is linear, as the hull and AIQ are.
    """
    baselines: list[tuple[str, Role, Curve | None]] = [
        ("oracle", "oracle", oracle),
        ("by length", "length", length),
        ("random", "random", random),
        ("hull of single models", "hull", hull(singles.values()) if singles else None),
        ("route", "route", route),  # last, so that it lies on top
    ]
    lines = tuple(_line(name, role, curve) for name, role, curve in baselines if curve is not None)
    return Picture(
        title=title,
        x_title=x_title,
        y_title="quality (share right)",
        lines=lines,
        points=Points(
            name="single models",
            x=tuple(float(cost) for cost, _ in singles.values()),
            y=tuple(float(quality) for _, quality in singles.values()),
            labels=tuple(singles),
        ),
        caption=caption,
    )


def _line(name: str, role: Role, curve: Curve) -> Line:
    return Line(name, role, tuple(map(float, curve.spent)), tuple(map(float, curve.quality)))
