"""Which value of a node goes to which field of a constructor."""

from collections.abc import Sequence

from homeward.config.items import Item, Problem
from homeward.config.kinds import FLATTENED
from homeward.config.shapes import ListOf, MappingOf, Parameter
from homeward.config.values import guess

MISSPELT = 0.75  # `esle` for `else`; a label such as `false` is less like it


def entries_of(known: Sequence[Parameter]) -> tuple[Parameter, MappingOf] | None:
    """The field whose entries may stand beside the other fields, and what they are."""
    for parameter in known:
        shape = parameter.shape.of if isinstance(parameter.shape, ListOf) else parameter.shape
        if parameter.name in FLATTENED and isinstance(shape, MappingOf):
            return parameter, shape
    return None


def by_key(
    kind: str, known: Sequence[Parameter], item: Item | None
) -> tuple[dict[str, Item], list[Problem]]:
    """The values by key, and what is wrong with the keys.

    A list or a scalar is the first field. Keys that are no field's are entries, where there is a
    field for them that is not given by itself; not a key that looks like a field, misspelt.
    """
    if item is None or item.value is None:
        return {}, []
    if not isinstance(item.value, dict):
        if known:
            return {known[0].key: item}, []
        return {}, [Problem(item.place, f"`{kind}` takes no fields")]
    keys = [p.key for p in known]
    given = {key: child for key, child in item.value.items() if key in keys}
    left = {key: child for key, child in item.value.items() if key not in keys}
    found = entries_of(known)
    if not left:
        return given, []
    if found is None or found[0].key in given:
        every = f"; it has {', '.join(keys) or 'none'}"
        return given, [
            Problem(child.named_at, f"`{kind}` has no field `{key}`{guess(key, keys) or every}")
            for key, child in left.items()
        ]
    entries = found[0]
    flat = Item(left, item.place, item.key)
    given[entries.key] = Item([flat], item.place) if isinstance(entries.shape, ListOf) else flat
    others = [key for key in keys if key != entries.key]
    way = f" (a label of that name goes under `{entries.key}`)"
    return given, [
        Problem(child.named_at, f"`{kind}` has no field `{key}`{near}{way}")
        for key, child in left.items()
        if (near := guess(key, others, MISSPELT))
    ]
