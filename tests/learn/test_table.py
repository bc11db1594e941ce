import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from homeward.errors import ConfigError
from homeward.learn.table import Table, read_prices, table
from homeward.outcomes import RecordedAnswer as Answer
from homeward.outcomes import Row


def rows(*answers: Mapping[str, Answer]) -> list[Row]:
    return [Row(f"prompt {place}", answers=dict(each)) for place, each in enumerate(answers)]


def costs(*answers: Answer, prices: Mapping[str, float] | None = None) -> list[list[float]] | None:
    """Of one row: the answers of models a, b ..."""
    found = _table(answers, prices).costs
    return None if found is None else found.tolist()


def _table(answers: tuple[Answer, ...], prices: Mapping[str, float] | None) -> Table:
    names = "abc"[: len(answers)]
    return table(rows(dict(zip(names, answers, strict=True))), [*names], prices)


def test_scores_are_by_row_and_model() -> None:
    data = table(
        rows({"a": Answer(1), "b": Answer(0)}, {"a": Answer(0.5), "b": Answer(1)}), ["b", "a"]
    )
    assert data.models == ("b", "a")
    assert data.scores.tolist() == [[0, 1], [1, 0.5]]


def test_rows_that_lack_a_grade_of_one_of_the_models_are_left_out() -> None:
    data = table(
        rows(
            {"a": Answer(1), "b": Answer(1)},
            {"a": Answer(1), "b": Answer(text="ungraded")},
            {"a": Answer(1)},
        ),
        ["a", "b"],
    )
    assert [row.prompt for row in data.rows] == ["prompt 0"]


def test_grades_of_other_models_are_not_asked_for() -> None:
    assert len(table(rows({"a": Answer(1), "c": Answer()}), ["a"]).rows) == 1


def test_a_model_that_is_not_there_is_told_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"answer of 'z'.* b, a"):
        table(rows({"b": Answer(1)}, {"a": Answer(1)}), ["a", "z"])


def test_a_table_without_rows_is_told() -> None:
    with pytest.raises(ConfigError, match="no row"):
        table([], ["a"])


def test_where_no_row_has_all_grades_it_is_told() -> None:
    with pytest.raises(ConfigError, match="no row of the table has graded answers of all of a, b"):
        table(rows({"a": Answer(1), "b": Answer()}), ["a", "b"])


# ---------------------------------------------------------------- what an answer cost


def test_what_is_recorded_is_the_cost() -> None:
    assert costs(Answer(1, cost_usd=0.25, usd_per_mtok=9, chars=400)) == [[0.25]]


def test_else_its_length_in_tokens_times_the_price_of_a_million() -> None:
    assert costs(Answer(1, chars=400, usd_per_mtok=2)) == [[100 * 2 / 1e6]]


def test_the_length_of_a_recorded_text_counts_where_no_other_is_known() -> None:
    assert costs(Answer(1, text="x" * 400, usd_per_mtok=2)) == [[100 * 2 / 1e6]]


def test_else_the_list_price_itself() -> None:
    assert costs(Answer(1, usd_per_mtok=2), Answer(1, usd_per_mtok=5)) == [[2, 5]]


def test_a_given_price_goes_before_what_the_table_says() -> None:
    answer = Answer(1, cost_usd=0.25, usd_per_mtok=9, chars=400)
    assert costs(answer, prices={"a": 1.0}) == [[1e-4]]


def test_an_empty_answer_costs_nothing_and_changes_no_other_cost() -> None:
    assert costs(
        Answer(1, chars=0, usd_per_mtok=2),
        Answer(1, text="", usd_per_mtok=2),
        Answer(1, chars=400, usd_per_mtok=2),
    ) == [[0, 0, 2e-4]]


def test_where_one_length_is_missing_all_are_list_prices() -> None:
    assert costs(Answer(1, usd_per_mtok=2), Answer(1, chars=400, usd_per_mtok=5)) == [[2, 5]]


def test_where_one_price_is_missing_no_costs_are_known() -> None:
    assert costs(Answer(1, cost_usd=0.25), Answer(1, chars=400)) is None


def test_a_list_price_is_not_compared_with_a_recorded_cost() -> None:
    assert costs(Answer(1, cost_usd=0.25), Answer(1, usd_per_mtok=5)) is None


def test_a_price_of_zero_is_a_price() -> None:
    assert costs(Answer(1, chars=400), prices={"a": 0.0}) == [[0]]


def test_costs_have_the_shape_of_scores() -> None:
    data = table(rows(*[{"a": Answer(1, cost_usd=1), "b": Answer(1, cost_usd=2)}] * 3), ["a", "b"])
    assert data.costs is not None
    assert data.costs.shape == data.scores.shape
    assert data.costs.dtype == np.float64


# ---------------------------------------------------------------- price lists


def prices(folder: Path, content: Any) -> Mapping[str, float]:
    path = folder / "prices.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_prices(path)


@pytest.mark.parametrize(
    ("price", "usd"),
    [
        (0.9, 0.9),
        (5, 5.0),
        (0, 0.0),
        ({"output": 0.9, "input": 0.1}, 0.9),
        ({"input": 0.1}, 0.1),
        ({"usd_per_mtok": 0.9}, 0.9),
        ({"output_usd_per_mtok": 0.9}, 0.9),
        ({"output_mtok": 0.9, "input_mtok": 0.1}, 0.9),
        ({"price": 0.9}, 0.9),
        ({"input_cost_per_token": 1e-7, "output_cost_per_token": 9e-7}, 0.9),
    ],
)
def test_forms_of_a_price(tmp_path: Path, price: Any, usd: float) -> None:
    assert prices(tmp_path, {"m": price}) == {"m": pytest.approx(usd)}


def test_entries_without_a_price_of_a_token_are_left_out(tmp_path: Path) -> None:
    pictures = {"output_cost_per_image": 0.04, "mode": "image_generation"}
    found = prices(tmp_path, {"draws": pictures, "m": {"output_cost_per_token": 1e-6}})
    assert found == {"m": pytest.approx(1.0)}


@pytest.mark.parametrize(
    "price",
    ["0.9", None, True, -1, 1e9, [0.9], {"output": "cheap"}, {"output_cost_per_token": -1e-6}],
)
def test_what_is_no_price_is_told_with_its_name(tmp_path: Path, price: Any) -> None:
    with pytest.raises(ConfigError, match="no price for 'm'; write USD per million tokens"):
        prices(tmp_path, {"m": price})


@pytest.mark.parametrize("content", ["", "{", "[0.9]", "0.9", '"m"', "m: 0.9", "\xff"])
def test_what_is_no_price_list_is_told(tmp_path: Path, content: str) -> None:
    with pytest.raises(ConfigError, match=r"prices\.json is no price list"):
        prices(tmp_path, content)


def test_a_price_list_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"there is no price list at .*nowhere"):
        read_prices(tmp_path / "nowhere")


def test_a_folder_is_no_price_list(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no price list"):
        read_prices(tmp_path)
