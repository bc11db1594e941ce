from typing import Any

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.signals.schema import faults

PERSON = {
    "type": "object",
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "age": {"type": ["integer", "null"], "minimum": 0},
        "tags": {"type": "array", "items": {"enum": ["a", "b"]}, "maxItems": 2},
        "next": {"anyOf": [{"$ref": "#/$defs/place"}, {"type": "null"}]},
    },
    "required": ["name"],
    "additionalProperties": False,
    "$defs": {"place": {"type": "object", "required": ["city"]}},
}


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ({"name": "Ada", "age": 36, "tags": ["a"], "next": {"city": "Bonn"}}, None),
        ({"name": "Ada", "age": None, "next": None}, None),
        ({}, "$.name is missing"),
        ([], "$ is no object"),
        ({"name": ""}, "$.name is less than minLength 1"),
        ({"name": "Ada", "age": True}, "$.age is no ['integer', 'null']"),
        ({"name": "Ada", "age": 3.5}, "$.age is no ['integer', 'null']"),
        ({"name": "Ada", "tags": ["c"]}, "$.tags[0] is none of its choices"),
        ({"name": "Ada", "next": {}}, "$.next fits none of its alternatives"),
        ({"name": "Ada", "more": 1}, "$.more may not be there"),
    ],
)
def test_faults_are_named_with_their_place(value: Any, fault: str | None) -> None:
    assert list(faults(value, PERSON)) == ([] if fault is None else [fault])


def test_a_schema_that_refers_to_itself_ends() -> None:
    assert list(faults({}, {"$ref": "#"})) == []


def test_a_schema_that_doubles_at_each_reference_ends() -> None:
    assert list(faults(1, {"allOf": [{"$ref": "#"}, {"$ref": "#"}]})) == []


def test_a_reference_that_leads_nowhere_allows_anything() -> None:
    assert list(faults(1, {"$ref": "#/$defs/gone"})) == []


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 40) | st.sampled_from(["", "Ada", "a", "b"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["name", "age", "tags", "next", "city"]), inner)
    ),
    max_leaves=6,
)


@given(VALUES)
def test_it_agrees_with_the_reference_implementation(value: Any) -> None:
    valid = jsonschema.Draft202012Validator(PERSON).is_valid(value)
    assert (not list(faults(value, PERSON))) == valid
