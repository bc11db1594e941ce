"""Schema: whether a JSON value has the shape that was asked for.

The part of JSON Schema that structured outputs use: type, properties, required, items, enum,
const, additionalProperties false, minimum and maximum, minItems and maxItems, minLength and
maxLength, anyOf, oneOf (as anyOf), allOf, and references to ``#/$defs``. What else stands in a
schema is not checked: a value without a fault here may still have one there.
"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

DEEPEST = 32  # values within values, references too; deeper is not checked

MOST = 50_000  # values looked at; a schema that doubles at each reference would never end


class _Root(NamedTuple):
    """The whole schema, and how often one may still look."""

    schema: Any
    steps: Iterator[int]


_TYPES: Mapping[str, tuple[type[Any], ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "number": (int, float),
    "integer": (int, float),
    "null": (type(None),),
}


def faults(value: Any, schema: Any) -> Iterator[str]:
    """What is wrong with a value, one phrase each, with its place; nothing where it fits.

    A schema that is none raises TypeError, AttributeError or ValueError.
    """
    return _faults(value, schema, _Root(schema, iter(range(MOST))), "$", 0)


def _faults(value: Any, schema: Any, root: _Root, at: str, deep: int) -> Iterator[str]:
    if next(root.steps, None) is None:
        return
    if deep > DEEPEST or not isinstance(schema, Mapping):
        if schema is False:
            yield f"{at} may not be there"
        return
    if (name := schema.get("$ref")) is not None:
        yield from _faults(value, _referred(root.schema, name), root, at, deep + 1)
    if not _typed(value, schema.get("type")):
        yield f"{at} is no {schema['type']}"
        return
    if "enum" in schema and value not in schema["enum"]:
        yield f"{at} is none of its choices"
    if "const" in schema and value != schema["const"]:
        yield f"{at} is not {schema['const']!r}"
    yield from _bounds(value, schema, at)
    match value:
        case dict():
            yield from _object(value, schema, root, at, deep)
        case list() if "items" in schema:
            for place, item in enumerate(value):
                yield from _faults(item, schema["items"], root, f"{at}[{place}]", deep + 1)
    for arms in (schema.get("anyOf"), schema.get("oneOf")):
        if arms and all(any(True for _ in _faults(value, arm, root, at, deep + 1)) for arm in arms):
            yield f"{at} fits none of its alternatives"
    for arm in schema.get("allOf", ()):
        yield from _faults(value, arm, root, at, deep + 1)


def _object(
    value: Mapping[str, Any], schema: Mapping[str, Any], root: _Root, at: str, deep: int
) -> Iterator[str]:
    known = schema.get("properties", {})
    yield from (
        f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value
    )
    for name, item in value.items():
        inner = known.get(name, schema.get("additionalProperties"))
        if inner is not None:
            yield from _faults(item, inner, root, f"{at}.{name}", deep + 1)


def _typed(value: Any, wanted: Any) -> bool:
    names = [wanted] if isinstance(wanted, str) else wanted or []
    return not names or any(_is(value, name) for name in names)


def _is(value: Any, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if name == "integer" and isinstance(value, float):
        return value.is_integer()
    return isinstance(value, _TYPES.get(name, (object,)))


def _bounds(value: Any, schema: Mapping[str, Any], at: str) -> Iterator[str]:
    match value:
        case bool():
            return
        case int() | float():
            size, low, high = value, "minimum", "maximum"
        case str():
            size, low, high = len(value), "minLength", "maxLength"
        case list():
            size, low, high = len(value), "minItems", "maxItems"
        case _:
            return
    if low in schema and size < schema[low]:
        yield f"{at} is less than {low} {schema[low]}"
    if high in schema and size > schema[high]:
        yield f"{at} is more than {high} {schema[high]}"


def _referred(root: Any, name: str) -> Any:
    """What ``#/$defs/name`` stands for; anything where it is not in this document."""
    found = root
    for step in name.removeprefix("#/").split("/") if name.startswith("#/") else ():
        found = found.get(step, True) if isinstance(found, Mapping) else True
    return True if found is root and name != "#" else found
