"""A reliability diagram: how often what was said with a probability came true."""

from collections.abc import Sequence

from homeward.learn.measures import Bin
from homeward.learn.plots.picture import Line, Picture, Points
from homeward.learn.report import wilson


def reliability_diagram(
    bins: Sequence[Bin],
    *,
    title: str = "Is it right as often as it says?",
    caption: str = "",
) -> Picture:
    """One point per bin of `measures.reliability`, labelled with its rows, and the diagonal of
    perfect honesty. The bars are Wilson's 95 % intervals.
    """
    most = max((each.rows for each in bins), default=1)
    return Picture(
        title=title,
        x_title="probability said",
        y_title="share right",
        lines=(Line("as often as it says", "ideal", (0.0, 1.0), (0.0, 1.0)),),
        points=Points(
            name="rows in a bin, and the 95 % interval",
            x=tuple(each.probability for each in bins),
            y=tuple(each.right for each in bins),
            labels=tuple(f"{each.rows:,}" for each in bins),
            weight=tuple(each.rows / most for each in bins),
            bars=tuple(wilson(each.right, each.rows) for each in bins),
        ),
        caption=caption,
        square=True,
    )
