"""The JSON Schema (2020-12) of the file, for editors, generated from the signatures."""

import inspect
import re
from collections.abc import Callable
from typing import Any

from homeward.config import kinds
from homeward.config.arguments import entries_of
from homeward.config.shapes import (
    AnyOf,
    Duration,
    Fields,
    ListOf,
    ManyModels,
    MappingOf,
    Named,
    OneModel,
    Parameter,
    Scalar,
    Shape,
    Words,
    parameters,
    shape_of,
)
from homeward.config.values import DURATION
from homeward.model import Clearance

_VARIABLE = {"type": "string", "pattern": r"\$\{"}  # holds whatever is wanted, once put in
_TYPES: dict[Any, str] = {None: "null", int: "integer", float: "number", bool: "boolean"}


def schema() -> dict[str, Any]:
    """All kinds there are, presets included; imports the module of each."""
    calls: dict[str, Any] = {}
    tables = {table: _table(table, calls) for table in kinds.TABLES}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "homeward.yaml",
        "type": "object",
        "additionalProperties": False,
        "required": ["models"],
        "properties": {
            "models": {
                "type": "object",
                "description": "Each model and route by its name: {kind: {field: value}}.",
                "minProperties": 1,
                "additionalProperties": {"$ref": "#/$defs/model"},
            },
            "default": {"type": "string", "description": "The model that is asked by default."},
            "clearance": {**_of(shape_of(Clearance)), "description": "How far data may travel."},
            "policy": _call(kinds.Target(kinds.load(kinds.POLICY))),
            "serve": _call(kinds.Target(kinds.load(kinds.SERVE))),
        },
        "$defs": {**tables, **calls},
    }


def _table(table: str, calls: dict[str, Any]) -> dict[str, Any]:
    """A name (of a model: a reference), or one kind with its fields, which go to ``calls``."""
    entries = {}
    for name in kinds.names(table):
        target = kinds.find(name, table)
        if target is not None:
            called = "-".join([target.callable.__name__, *target.fixed])
            calls.setdefault(called, _call(target))
            entries[name] = {"$ref": f"#/$defs/{called}"}
    node = {
        "type": "object",
        "minProperties": 1,
        "maxProperties": 1,
        "properties": entries,
        "patternProperties": {":": True},  # package.module:Name
        "additionalProperties": False,
    }
    word: dict[str, Any] = {"type": "string"}
    if table != "model":
        word["anyOf"] = [{"enum": list(entries)}, {"pattern": ":|\\$\\{"}]
    return {"anyOf": [word, node]}


def _call(target: kinds.Target) -> dict[str, Any]:
    known = [p for p in parameters(target.callable) if p.name not in target.fixed]
    required = [p.key for p in known if p.required]
    fields: dict[str, Any] = {
        "type": "object",
        "properties": {p.key: _of(p.shape) | _hover(target.callable, p) for p in known},
        "additionalProperties": False,
    }
    if required:
        fields["required"] = required
    if found := entries_of(known):
        entries, shape = found
        fields["additionalProperties"] = _of(shape.of)
        required = fields["required"] = [key for key in required if key != entries.key]
    ways = [fields]
    if known and set(required) <= {known[0].key}:
        ways.append({"not": {"type": "object"}, **_of(known[0].shape)})
    if not required:
        ways.append({"type": "null"})
    return {"description": _sentence(target.callable), "anyOf": ways}


def _hover(target: Callable[..., Any], parameter: Parameter) -> dict[str, Any]:
    """What the docstring says of a field, and the default where JSON has such a value."""
    text = " ".join((inspect.getdoc(target) or "").split()).replace("``", "`")
    said = [s for s in re.split(r"(?<=[.;]) +(?=[A-Z`])", text) if f"`{parameter.name}`" in s]
    shown: dict[str, Any] = {"description": " ".join(said)} if said else {}
    if isinstance(parameter.default, str | int | float):
        shown["default"] = parameter.default
    return shown


def _sentence(target: Callable[..., Any]) -> str:
    """The docstring's first sentence, on one line; a full stop within quotes ends none."""
    paragraph = " ".join((inspect.getdoc(target) or "").split("\n\n")[0].split())
    first = re.match(r'(?:[^".]|"[^"]*"|\.(?!\s+[A-Z`]))*\.?', paragraph)
    return first[0] if first else ""


def _of(shape: Shape) -> dict[str, Any]:  # one line per shape
    match shape:
        case OneModel():
            return {"$ref": "#/$defs/model"}
        case ManyModels(or_one):
            model = {"$ref": "#/$defs/model"}
            many = {"type": ["array", "object"], "items": model, "additionalProperties": model}
            return _or(many, model) if or_one else many
        case Named(table):
            return {"$ref": f"#/$defs/{table}"}
        case Duration():
            return _or({"type": "number"}, {"type": "string", "pattern": DURATION}, _VARIABLE)
        case Words(words):
            return _or({"enum": list(words)}, _VARIABLE)
        case Scalar(kind) if kind in _TYPES:
            return {"type": "null"} if kind is None else _or({"type": _TYPES[kind]}, _VARIABLE)
        case Scalar():
            return {"type": ["string", "number", "boolean"]}
        case ListOf(of):
            return {"type": "array", "items": _of(of)}
        case MappingOf(of):
            return {"type": "object", "additionalProperties": _of(of)}
        case Fields(of):
            return _call(kinds.Target(of))
        case AnyOf(shapes):
            return _or(*map(_of, shapes))
        case _:
            return {}


def _or(*schemas: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": list(schemas)}
