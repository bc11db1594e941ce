"""What a response repeats of the question: its clients' types have these fields as a must."""

from collections.abc import Mapping
from typing import Any

DEFAULTS: Mapping[str, Any] = {
    "background": False,
    "error": None,
    "incomplete_details": None,
    "instructions": None,
    "max_output_tokens": None,
    "metadata": {},
    "parallel_tool_calls": True,
    "previous_response_id": None,
    "reasoning": {"effort": None, "summary": None},
    "store": False,  # whatever was asked for: there is nowhere to fetch it from
    "temperature": None,
    "text": {"format": {"type": "text"}},
    "tool_choice": "auto",
    "tools": [],
    "top_p": None,
    "truncation": "disabled",
}
REPEATED = (
    "instructions",
    "max_output_tokens",
    "max_tool_calls",
    "metadata",
    "parallel_tool_calls",
    "prompt_cache_key",
    "reasoning",
    "safety_identifier",
    "temperature",
    "text",
    "tool_choice",
    "tools",
    "top_logprobs",
    "top_p",
    "user",
)


def echo(body: Mapping[str, Any]) -> dict[str, Any]:
    """Of a request's body, before it is read."""
    given = {name: body[name] for name in REPEATED if body.get(name) is not None}
    for name in ("text", "reasoning"):
        if isinstance(given.get(name), dict):
            given[name] = {**DEFAULTS[name], **given[name]}
    if isinstance(given.get("tools"), list):
        given["tools"] = [_whole(tool) for tool in given["tools"]]
    return given


def _whole(tool: Any) -> Any:
    """A function with the fields that OpenAI fills in."""
    if isinstance(tool, dict) and tool.get("type") == "function":
        return {"strict": None, "parameters": None, **tool}
    return tool
