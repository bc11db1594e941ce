"""Pictures of a learned router on a table: quality against cost, and how honest its chances are."""

import numpy as np

from homeward.learn import curves
from homeward.learn.baselines import by_length, is_priced, points, singles
from homeward.learn.curves import Curve
from homeward.learn.measures import reliability
from homeward.learn.plots.picture import Picture
from homeward.learn.plots.quality_cost import quality_against_cost
from homeward.learn.plots.reliability import reliability_diagram
from homeward.learn.routed import Walked, chances, lead
from homeward.signals.text.words import words


def frontier(walked: Walked) -> Picture:
    """The router between its models and the baselines; of two without prices by strong calls."""
    data = walked.data
    caption = f"{len(data.rows):,} rows"
    if is_priced(data):
        length = np.array([float(len(words(row.prompt))) for row in data.rows])
        return quality_against_cost(
            curves.hull(points(walked.quality, walked.costs, data)),
            singles(data),
            length=_curve(by_length(length, data)),
            x_title="cost of a request",
            caption=caption,
        )
    cheap, strong = data.scores[:, 0], data.scores[:, -1]
    length = np.array([float(len(words(row.prompt))) for row in data.rows])
    return quality_against_cost(
        curves.deferral(lead(walked), cheap, strong),
        {
            data.models[0]: (0.0, float(cheap.mean())),
            data.models[-1]: (1.0, float(strong.mean())),
        },
        random=curves.deferral(np.zeros(len(cheap)), cheap, strong),
        length=curves.deferral(length, cheap, strong),
        oracle=curves.deferral(strong - cheap, cheap, strong),
        x_title="share of strong calls",
        caption=caption,
    )


def _curve(found: list[tuple[float, float]]) -> Curve:
    cost, quality = np.array(found, np.float64).T
    return Curve(cost, quality)


def honesty(walked: Walked) -> Picture:
    chance, right = chances(walked)
    return reliability_diagram(reliability(np.clip(chance, 0, 1), right))
