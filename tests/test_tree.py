from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from homeward.backends.scripted import Scripted
from homeward.model import Finish, Model, Request, Stream
from homeward.reading import Check
from homeward.signals.agreement import Agreement
from homeward.signals.combination import Combination, Grade
from homeward.signals.combined import Combined
from homeward.signals.first import First
from homeward.signals.heuristic import Heuristic
from homeward.signals.judge import Judge, JudgeLabel
from homeward.signals.numbers import Number
from homeward.signals.rules import Rules
from homeward.strategies.cascade import Cascade
from homeward.strategies.queued import queued
from homeward.strategies.router import Router
from homeward.tree import children_of


def test_what_is_no_dataclass_has_no_children() -> None:
    assert list(children_of(object())) == []


def test_a_class_has_no_children() -> None:
    assert list(children_of(Cascade)) == []


def test_children_hang_in_fields_and_in_what_decides() -> None:
    draft, final, other = (Scripted(model=name) for name in "abc")
    tree = Cascade({"draft": draft}, final, Agreement(other, Number()))
    assert dict(children_of(tree)) == {
        "drafts.draft": draft,
        "final": final,
        "accept.with": other,
    }


def test_the_models_of_combined_checks_hang_below_their_names(tmp_path: Path) -> None:
    draft, final, judge, other = (Scripted(model=name) for name in "abcd")
    checks: dict[str, Check] = {
        "faults": Heuristic(),
        "judge": Judge(judge),
        "agree": Agreement([other], Number()),
    }
    grade, path = Grade(None, 1.0, None), tmp_path / "checks.json"
    Combination("2026-01-31", 99, 0.5, 5, 0.0, (), dict.fromkeys(checks, grade), grade).save(path)
    tree = Cascade([draft], final, Combined(checks, path))
    assert dict(children_of(tree)) == {
        "drafts.1": draft,
        "final": final,
        "accept.checks.judge.model": judge,
        "accept.checks.agree.with.1": other,
    }


def test_the_models_of_signals_in_order_hang_below_their_places() -> None:
    judge, a, b = (Scripted(model=name) for name in "jab")
    by = First([Rules([{"a": "x"}]), JudgeLabel(judge, {"a": "about a"})])
    assert dict(children_of(Router(by, {"a": a}, b))) == {
        "by.signals.2.model": judge,
        "routes.a": a,
        "else": b,
    }


def test_what_a_node_only_uses_is_no_part_of_the_tree() -> None:
    @dataclass
    class Line:
        of: Scripted

    leaf = Scripted()
    assert dict(children_of(queued(leaf, cast("Any", Line(leaf))))) == {"model": leaf}


# ---------------------------------------------------------------- any tree


@dataclass(frozen=True)
class Decides:
    """A signal or a check around anything; ``used`` is no part of the tree."""

    of: Any
    words: Sequence[Mapping[str, str | Sequence[str]]] = ()
    used: Any = field(default=None, compare=False)


@dataclass(frozen=True)
class Asks(Decides):
    async def chat(self, request: Request) -> Stream:
        yield Finish()


def parts(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    words = st.lists(st.dictionaries(st.text(), st.text() | st.lists(st.text())), max_size=2)
    return (
        st.lists(inner, max_size=3)
        | st.lists(inner, max_size=3).map(tuple)
        | st.dictionaries(st.text(min_size=1), inner, max_size=3)
        | st.builds(Decides, inner, words, inner)
        | st.builds(Asks, inner, words, inner)
    )


ANYTHING = st.recursive(
    st.none() | st.text() | st.floats() | st.builds(Scripted), parts, max_leaves=12
)


def reachable(value: Any) -> list[Model]:
    """The models in a value, those below a model left out, in the order of fields."""
    if isinstance(value, Asks | Scripted):
        return [value]
    if isinstance(value, Decides):
        return reachable(value.of)
    if isinstance(value, str):
        return []
    each = value.values() if isinstance(value, dict) else value
    return [m for one in each for m in reachable(one)] if hasattr(each, "__iter__") else []


@given(ANYTHING)
def test_every_model_within_reach_is_found_once_and_in_order(value: Any) -> None:
    found = [model for _, model in children_of(Decides(value))]
    assert [id(model) for model in found] == [id(model) for model in reachable(value)]


@given(ANYTHING)
def test_an_edge_says_where_the_model_hangs(value: Any) -> None:
    assert all(edge == "of" or edge.startswith("of.") for edge, _ in children_of(Decides(value)))
