"""Who is asked to embed and to complete, where a route is more than a leaf."""

import pytest

from homeward.backends.echo import Echo
from homeward.backends.embedded import Embedded
from homeward.backends.openai import OpenAI
from homeward.gateway.answers.abilities import completer_of, embedder_of
from homeward.model import Model
from homeward.strategies.cached import Cached
from homeward.strategies.capped import Capped
from homeward.strategies.deadline import Deadline
from homeward.strategies.experiment import Experiment
from homeward.strategies.fallback import Fallback
from homeward.strategies.limited import Limited
from homeward.strategies.sequential import Sequential

LEAF = OpenAI("m")


@pytest.mark.parametrize("route", [LEAF, Cached(LEAF), Deadline(Cached(LEAF), total=1)])
def test_the_only_model_of_a_route_is_asked(route: Model) -> None:
    assert [embedder_of(route), completer_of(route)] == [LEAF, LEAF]


@pytest.mark.parametrize(
    "route",
    [
        Capped(LEAF, output_tokens=1),
        Cached(Limited(LEAF)),
        Sequential(LEAF),
        Fallback([LEAF, LEAF]),
        Echo(),
    ],
)
def test_a_bound_is_not_passed_by_and_nobody_is_chosen_among_several(route: Model) -> None:
    assert [embedder_of(route), completer_of(route)] == [None, None]


def test_of_an_experiment_the_control_is_asked() -> None:
    """Which vectors come must not be left to chance: those of two models cannot be compared."""
    route = Experiment(LEAF, OpenAI("other"))
    assert [embedder_of(route), completer_of(route)] == [LEAF, LEAF]


def test_a_model_of_the_box_does_not_embed_unless_it_is_told_how() -> None:
    pooled = Embedded("box/draft", pooling="mean")
    assert [embedder_of(Embedded("box/draft")), embedder_of(pooled)] == [None, pooled]
