"""Small pictures, for the tests of those who draw them."""

from homeward.learn.plots.picture import Line, Picture, Points

SMALL = Picture(
    title="Quality against cost",
    x_title="USD",
    y_title="quality",
    lines=(
        Line("hull", "hull", (0.0, 10.0), (0.0, 1.0)),
        Line("route", "route", (0.0, 5.0, 10.0), (0.0, 1.0, 1.0)),
    ),
    points=Points("single models", (0.0, 10.0), (0.0, 1.0), ("tiny", "huge")),
    caption="AIQ 0.75",
)
