"""What is told with an answer."""

import string
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.gateway.answers.marks import LONGEST, MARKS, plain
from tests.gateway.standing import Standing, standing

INJECTED = "a\\r\\nset-cookie: b=1\\r\\n\\r\\n<html>\\u2028ü"
MODELS = f"""
models:
  sly: {{scripted: {{says: "{INJECTED}", model: "{INJECTED}"}}}}
  auto: {{ensemble: {{models: [one, two], merge: {{vote: {{type: label}}}}}}}}
  one: {{echo: {{}}}}
  two: {{echo: {{prefix: "no "}}}}
"""
PLAIN = set(string.printable) - set("\t\n\r\x0b\x0c")


@pytest.fixture(scope="module")
def house() -> Iterator[Standing]:
    with standing(MODELS) as gateway:
        yield gateway


@given(st.text())
def test_a_header_is_printable_ascii_and_short(text: str) -> None:
    sent = plain(text)
    assert set(sent.decode("ascii")) <= PLAIN
    assert len(sent) <= LONGEST


def chat(house: Standing, model: str, **fields: object) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": "hello"}], **fields}


@pytest.mark.parametrize("stream", [False, True])
def test_a_name_with_line_breaks_makes_no_header(house: Standing, stream: bool) -> None:  # noqa: FBT001  a parameter of the test
    reply = house.ask("POST", "/v1/chat/completions", chat(house, "sly", stream=stream))
    assert reply.status == 200
    assert "set-cookie" not in reply.headers
    assert reply.headers["x-homeward-model"].startswith("a??set-cookie: b=1??")


def test_every_header_is_one_that_pages_may_read(house: Standing) -> None:
    reply = house.ask("POST", "/v1/chat/completions", chat(house, "auto"))
    told = {name for name in reply.headers if name.startswith("x-homeward-")}
    assert told <= set(MARKS)
    assert {"x-homeward-id", "x-homeward-route", "x-homeward-where"} <= told


def test_a_block_tells_each_call_with_its_place(house: Standing) -> None:
    body = chat(house, "auto", homeward={"explain": True})
    block = house.ask("POST", "/v1/chat/completions", body).json["homeward"]
    assert (block["route"], block["where"]) == ("auto", "machine")
    assert len(block["calls"]) >= 2
    assert {call["where"] for call in block["calls"]} == {"machine"}
    assert block["decisions"][-1]["by"] == "vote"
    assert {"hello", "no hello"} >= {each["text"] for each in block["candidates"]}


def test_a_block_is_not_sent_unasked(house: Standing) -> None:
    assert "homeward" not in house.ask("POST", "/v1/chat/completions", chat(house, "auto")).json
