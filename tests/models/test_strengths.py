"""How strengths are made of scores."""

import sys
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.models.conftest import MODELS

sys.path.insert(0, str(MODELS / "catalogue"))
strengths = import_module("strengths").strengths


def test_a_model_of_hard_benchmarks_stands_beside_one_of_easy_ones() -> None:
    found = strengths({"GPQA": {"a": 0.3, "b": 0.5}, "MMLU": {"b": 0.9, "c": 0.8}})
    assert found["b"]["reasoning"] > found["c"]["reasoning"]
    assert found["b"]["reasoning"] > found["a"]["reasoning"]


def test_a_task_without_a_score_has_no_strength() -> None:
    assert set(strengths({"GPQA": {"a": 0.3}})["a"]) == {"reasoning"}


def test_a_benchmark_of_no_task_is_refused() -> None:
    with pytest.raises(ValueError, match="no task has the benchmarks vibes"):
        strengths({"vibes": {"a": 1.0}})


SCORES = st.dictionaries(st.sampled_from("abcdef"), st.floats(0, 1), min_size=1)


@given(st.dictionaries(st.sampled_from(["GPQA", "MMLU", "MMLU-Pro"]), SCORES, min_size=1))
def test_strengths_are_shares_around_their_mean(
    scores: "dict[str, dict[str, float]]",
) -> None:
    found = [tasks["reasoning"] for tasks in strengths(scores).values()]
    assert all(0 < each < 1 for each in found)
    assert min(found) <= 0.5 <= max(found)


@given(SCORES)
def test_on_one_benchmark_a_higher_score_is_no_weaker(scores: dict[str, float]) -> None:
    found = strengths({"GPQA": scores})
    ranked = sorted(scores, key=lambda model: scores[model])
    values = [found[model]["reasoning"] for model in ranked]
    assert values == sorted(values)
