"""What is kept of a request whose contents are wanted: the question, and each model's answer."""

from collections.abc import Iterable, Iterator, Mapping

import msgspec

from homeward.gateway.routes import called
from homeward.model import Candidate, Event, Finish, Model, Request
from homeward.store.records import Contents, Reply
from homeward.tree import children_of, leaves


def contents(
    entry: str,
    request: Request,
    said: str,
    notes: Iterable[Event],
    finish: Finish | None,
    tree: Model,
) -> Contents:
    """Of an entry's id. ``said`` is what the client got, ``tree`` the route that was walked."""
    candidates = [note for note in notes if isinstance(note, Candidate)]
    found = replies(candidates, models_by_label(tree) if candidates else {})
    if finish is not None and finish.model and said:
        told = found.get(finish.model)
        typed = told.extracted if told is not None and told.text == said else None
        label = "" if told is None else told.label
        found[finish.model] = Reply(finish.model, said, label, typed, kept=True)
    return Contents(entry, msgspec.to_builtins(request), said, tuple(found.values()))


def replies(candidates: Iterable[Candidate], models: Mapping[str, str]) -> dict[str, Reply]:
    """One for each model that answered: the one that was kept, else its first."""
    found: dict[str, Reply] = {}
    for each in candidates:
        model = models.get(each.label, each.label)
        if each.error is None and (model not in found or (each.kept and not found[model].kept)):
            found[model] = Reply(model, each.text, each.label, each.extracted, each.kept)
    return found


def models_by_label(tree: Model) -> Mapping[str, str]:
    """The names in bills of those children that are one model, by what strategies call them.

    A label that stands for two different models is left out.
    """
    found: dict[str, set[str]] = {}
    for edge, child in _edges(tree):
        names = {called(leaf) or "" for leaf in leaves(child)}
        if len(names) == 1:
            found.setdefault(edge, set()).update(names)
    return {
        label: name for label, names in found.items() if len(names) == 1 and (name := min(names))
    }


def _edges(tree: Model) -> Iterator[tuple[str, Model]]:
    """Each child by its edge and all ends of it: ``models.a`` is ``a`` to its strategy."""
    for edge, child in children_of(tree):
        parts = edge.split(".")
        yield from ((".".join(parts[start:]), child) for start in range(len(parts)))
        yield from _edges(child)
