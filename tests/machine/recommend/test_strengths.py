from msgspec.structs import replace

from homeward.machine.catalogue import find
from homeward.machine.catalogue.entry import Entry, Evidence
from homeward.machine.recommend.strengths import ENOUGH, evidence, rated, traits

PLAIN = replace(find("Qwen3-8B"), tasks={}, evidence=())


def sized(name: str, parameters: float, score: float | None = None) -> Entry:
    shapes = replace(PLAIN.shapes, parameters=int(parameters), active_parameters=0)
    tasks = {} if score is None else {"math": score}
    return replace(PLAIN, name=name, shapes=shapes, tasks=tasks)


def test_a_published_figure_is_taken_as_it_is() -> None:
    rating = rated([sized("a", 8e9, 0.61)], "math")["a"]
    assert (rating.value, rating.named) == (0.61, True)


def test_an_expectation_is_told_from_a_figure() -> None:
    assert not rated([sized("a", 8e9)], "math")["a"].named


def test_a_figure_for_another_task_is_none_for_this_one() -> None:
    coder = replace(PLAIN, name="coder", tasks={"code": 0.5})
    assert not rated([sized("a", 8e9, 0.6), coder], "code")["a"].named


def test_a_task_that_nobody_is_rated_for_counts_as_general() -> None:
    rating = rated([replace(PLAIN, tasks={"math": 0.4})], "summary")[PLAIN.name]
    assert (rating.value, rating.named) == (0.4, True)


def test_the_figures_of_a_task_are_those_of_its_benchmarks() -> None:
    figures = [Evidence(benchmark=name, score=0.5, source="") for name in ("MATH-500", "MBPP")]
    entry = replace(PLAIN, evidence=tuple(figures))
    assert [each.benchmark for each in evidence(entry, "code")] == ["MBPP"]


def test_without_a_task_the_mean_counts() -> None:
    entry = replace(PLAIN, tasks={"math": 0.4, "code": 0.8})
    assert round(rated([entry], None)[entry.name].value, 6) == 0.6


def test_larger_and_later_are_expected_to_be_better() -> None:
    older = replace(sized("older", 8e9), released="2023-01-01")
    ratings = rated([sized("small", 1e9), sized("large", 30e9), sized("same", 8e9), older], None)
    assert ratings["small"].value < ratings["same"].value < ratings["large"].value
    assert ratings["older"].value < ratings["same"].value


def test_expectations_lie_on_the_line_through_the_figures() -> None:
    known = [sized(f"known {n}", 1e9 * 2**n, 0.2 + 0.08 * n) for n in range(ENOUGH)]
    rating = rated([*known, sized("new", 1e9 * 2**4)], "math")["new"]
    assert 0.4 < rating.value < 0.53


def test_a_mixture_counts_less_than_all_its_parameters() -> None:
    shapes = replace(PLAIN.shapes, parameters=int(32e9), active_parameters=int(2e9))
    assert traits(replace(PLAIN, shapes=shapes))[0] == 3.0
