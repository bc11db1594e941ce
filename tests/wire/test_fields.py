"""JSON of requests, field by field."""

import pytest

from homeward.errors import Rejected
from homeward.wire.fields import MOST_OBJECTS, Fields


def body(objects: int) -> bytes:
    """Of so many objects in all."""
    return b'{"messages":[' + b",".join([b"{}"] * (objects - 1)) + b"]}"


def test_a_request_of_very_many_objects_is_refused() -> None:
    with pytest.raises(Rejected, match="objects"):
        Fields.of(body(MOST_OBJECTS + 1))


def test_a_request_of_many_objects_is_read() -> None:
    assert len(Fields.of(body(MOST_OBJECTS)).rest["messages"]) == MOST_OBJECTS - 1
