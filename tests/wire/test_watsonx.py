"""What watsonx.ai spells otherwise than OpenAI."""

from typing import Any

import pytest

from homeward.model import Message, Request, Tool, ToolNamed
from homeward.wire.watsonx import encode_request

SCHEMA: dict[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "strict": {"type": "boolean"},
        "place": {"type": "object", "additionalProperties": False, "properties": {}},
    },
}
ASK = Request.of("hi", tools=(Tool("f", None, SCHEMA, strict=True),))


def test_the_model_has_another_name_and_a_project_or_a_space() -> None:
    sent = encode_request(Request.of("hi"), "ibm/granite", project_id="p")
    assert sent == {
        "messages": [{"role": "user", "content": "hi"}],
        "model_id": "ibm/granite",
        "project_id": "p",
    }
    assert encode_request(Request.of("hi"), "", space_id="s")["space_id"] == "s"


def test_a_deployment_names_no_model() -> None:
    assert set(encode_request(Request.of("hi"), "")) == {"messages"}


def test_streaming_is_another_address_not_a_field() -> None:
    assert encode_request(ASK, "m", stream=True) == encode_request(ASK, "m", stream=False)


def test_tools_lose_the_words_that_the_service_refuses_and_nothing_else() -> None:
    function = encode_request(ASK, "m")["tools"][0]["function"]
    assert function == {
        "name": "f",
        "parameters": {
            "type": "object",
            "properties": {
                "strict": {"type": "boolean"},
                "place": {"type": "object", "properties": {}},
            },
        },
    }


@pytest.mark.parametrize("choice", ["auto", "none", "required"])
def test_a_choice_in_one_word_has_a_field_of_its_own(choice: Any) -> None:
    sent = encode_request(ASK.with_(tool_choice=choice), "m")
    assert sent["tool_choice_option"] == choice
    assert "tool_choice" not in sent


def test_a_named_tool_is_chosen_as_at_openai() -> None:
    sent = encode_request(ASK.with_(tool_choice=ToolNamed("f")), "m")
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "f"}}


def test_settings_without_a_field_are_left_out() -> None:
    sent = encode_request(Request.of("hi").sampled(top_k=5, min_p=0.1, max_tokens=9), "m")
    assert set(sent) == {"messages", "model_id", "max_tokens"}


def test_a_developer_speaks_as_the_system() -> None:
    sent = encode_request(Request((Message("developer", "Be brief."),)), "m")
    assert sent["messages"][0]["role"] == "system"


@pytest.mark.parametrize(
    ("dialect", "is_sent"), [("", True), ("watsonx", True), ("openai_chat", False)]
)
def test_unread_fields_are_sent_in_their_own_dialect_only(dialect: str, is_sent: bool) -> None:  # noqa: FBT001 - a parameter of the table
    request = Request.of("hi", extra={"time_limit": 900}, dialect=dialect)
    assert ("time_limit" in encode_request(request, "m")) == is_sent
