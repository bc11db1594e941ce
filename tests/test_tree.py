from homeward.backends.scripted import Scripted
from homeward.signals.agreement import Agreement
from homeward.signals.numbers import Number
from homeward.strategies.cascade import Cascade
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
