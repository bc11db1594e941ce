"""A picture as a PNG file, drawn by matplotlib (the extra ``plots``), without a display."""

import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeward.errors import ConfigError
from homeward.learn.plots.picture import Line, Picture, Points, Role, ranges
from homeward.learn.plots.placing import Box, place

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INCHES = (8.0, 5.4)
SQUARE_INCHES = (6.0, 6.4)
DOTS_PER_INCH = 150
INK = "#222222"
PALE = "#dddddd"
SMALLEST, HEAVIEST = 20.0, 140.0  # areas of a point, in square points
LEADER = 26.0  # pixels from which on a label is tied to its point

# Okabe and Ito's colours, which are told apart without red and green; printed in grey, each line
# still has a dash of its own.
STYLES: dict[Role, dict[str, Any]] = {
    "route": {"color": "#0072B2", "linewidth": 2.6, "linestyle": "-"},
    "hull": {"color": INK, "linewidth": 1.4, "linestyle": (0, (6, 2))},
    "random": {"color": "#777777", "linewidth": 1.4, "linestyle": (0, (1, 1.6))},
    "length": {"color": "#D55E00", "linewidth": 1.6, "linestyle": (0, (5, 1.5, 1, 1.5))},
    "oracle": {"color": "#009E73", "linewidth": 1.6, "linestyle": (0, (2.5, 1.5))},
    "ideal": {"color": "#777777", "linewidth": 1.2, "linestyle": (0, (6, 2))},
}
MARKS: dict[Role, str] = {"route": "D", "oracle": "*", "random": "x", "length": "^"}
PLAIN: dict[Any, Any] = {
    "text.parse_math": False,
    "text.usetex": False,
    "font.family": "DejaVu Sans",
}
"""A dollar in a model's name is a dollar, whatever the reader's matplotlibrc says."""


def write(picture: Picture, path: Path) -> None:
    """Draw it into that file; `ConfigError` where matplotlib is missing or the file cannot be."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ConfigError(
            "a PNG needs matplotlib: pip install 'homeward[plots]', or look at it in the terminal"
        ) from None
    with mpl.rc_context(PLAIN):
        size = SQUARE_INCHES if picture.square else INCHES
        figure = Figure(figsize=size, dpi=DOTS_PER_INCH, layout="constrained", facecolor="white")
        FigureCanvasAgg(figure)  # it is the figure's from here on
        _draw(picture, figure)
        try:
            figure.savefig(path, format="png")
        except OSError as error:
            raise ConfigError(f"cannot write the picture {path}: {error.strerror}") from None


def _draw(picture: Picture, figure: "Figure") -> None:
    axes = figure.add_subplot()
    _axes(picture, figure, axes)
    for depth, line in enumerate(picture.lines):
        marker = MARKS.get(line.role, "o") if len(line.x) == 1 else None
        style = STYLES[line.role]
        axes.plot(line.x, line.y, label=line.name, zorder=3 + depth, marker=marker, **style)
    if picture.points and picture.points.x:
        _points(picture.points, axes)
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=9, handlelength=3.2)
    figure.draw_without_rendering()  # lays everything out, so that pixels can be asked for
    figure.set_layout_engine("none")
    if picture.points and picture.points.x:
        _labels(picture, picture.points, figure, axes)


def _axes(picture: Picture, figure: "Figure", axes: "Axes") -> None:
    x, y = ranges(picture)
    wide = 56 if picture.square else 80
    figure.suptitle(
        textwrap.fill(picture.title, wide), x=0.02, ha="left", fontsize=13, fontweight="bold"
    )
    axes.set_title(
        textwrap.fill(picture.caption, wide + 20), loc="left", fontsize=9, color="#444444"
    )
    axes.set_xlabel(picture.x_title)
    axes.set_ylabel(picture.y_title)
    margin = 0.02 if picture.square else 0.0
    axes.set_xlim(x.low - margin, x.high + margin)
    axes.set_ylim(y.low - margin, y.high + margin)
    if picture.square:
        axes.set_aspect("equal")
    axes.grid(color=PALE, linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _points(points: Points, axes: "Axes") -> None:
    if points.bars:
        low, high = zip(*points.bars, strict=True)
        axes.vlines(points.x, low, high, color=INK, linewidth=1.0, zorder=20)
    axes.scatter(
        points.x,
        points.y,
        _areas(points),
        color=INK,
        edgecolors="white",
        label=points.name,
        zorder=21,
    )


def _areas(points: Points) -> list[float]:
    """In square points: what is heavier covers more."""
    return [SMALLEST + HEAVIEST * weight for weight in points.weight or [0.1] * len(points.x)]


def _labels(picture: Picture, points: Points, figure: "Figure", axes: "Axes") -> None:
    """Each beside its point, tied to it where it had to move away."""
    texts = [
        figure.text(0, 0, label, fontsize=8.5, color=INK, zorder=30) for label in points.labels
    ]
    extents = [text.get_window_extent() for text in texts]
    spots = axes.transData.transform(list(zip(points.x, points.y, strict=True)))
    anchors = [(float(x), float(y)) for x, y in spots]
    inside = axes.get_window_extent()
    room = Box(inside.x0 + 3, inside.y0 + 3, figure.bbox.x1 - 6, inside.y1)
    radii = [(area**0.5 / 2 + 1) * DOTS_PER_INCH / 72 for area in _areas(points)]
    solid = [Box(x - r, y - r, x + r, y + r) for (x, y), r in zip(anchors, radii, strict=True)]
    bars = [Line("", "ideal", (x, x), bar) for x, bar in zip(points.x, points.bars, strict=False)]
    marks = [mark for line in [*bars, *picture.lines] for mark in _along(line, axes)]
    boxes = place(anchors, [(e.width + 4, e.height + 3) for e in extents], room, solid, marks)
    to_figure = figure.transFigure.inverted()
    for text, box, (x, y) in zip(texts, boxes, anchors, strict=True):
        text.set_position(tuple(to_figure.transform((box.left + 2, box.bottom + 2))))
        text.set_verticalalignment("bottom")
        near = (min(max(x, box.left), box.right), min(max(y, box.bottom), box.top))
        if abs(near[0] - x) + abs(near[1] - y) > LEADER:
            _tie(figure, to_figure.transform([(x, y), near]))


def _tie(figure: "Figure", ends: Any) -> None:
    from matplotlib.lines import Line2D

    figure.add_artist(Line2D(ends[:, 0], ends[:, 1], color="#888888", linewidth=0.7, zorder=1))


def _along(line: Line, axes: "Axes") -> Iterator[Box]:
    """Small boxes on a line, near enough to each other that no label slips through."""
    import numpy as np

    spots = axes.transData.transform(np.column_stack([line.x, line.y]))
    far = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(spots, axis=0).T))])
    for at in np.arange(0.0, far[-1] + 1, 8.0):
        x, y = np.interp(at, far, spots[:, 0]), np.interp(at, far, spots[:, 1])
        yield Box(float(x) - 2, float(y) - 2, float(x) + 2, float(y) + 2)
