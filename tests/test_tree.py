from dataclasses import dataclass
from typing import Any, cast

from homeward.backends.scripted import Scripted
from homeward.signals.agreement import Agreement
from homeward.signals.numbers import Number
from homeward.strategies.cascade import Cascade
from homeward.strategies.queued import queued
from homeward.tree import children_of


def test_what_is_no_dataclass_has_no_children() -> None:
    assert list(children_of(object())) == []


def test_children_hang_in_fields_and_in_what_decides() -> None:
    draft, final, other = (Scripted(model=name) for name in "abc")
    tree = Cascade({"draft": draft}, final, Agreement(other, Number()))
    assert dict(children_of(tree)) == {
        "drafts.draft": draft,
        "final": final,
        "accept.with": other,
    }


def test_what_a_node_only_uses_is_no_part_of_the_tree() -> None:
    @dataclass
    class Line:
        of: Scripted

    leaf = Scripted()
    assert dict(children_of(queued(leaf, cast("Any", Line(leaf))))) == {"model": leaf}
