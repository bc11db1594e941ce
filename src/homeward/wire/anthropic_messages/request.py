"""A messages body to a `Request`, and back."""

from typing import Any

from homeward.model import Raw, Request, ResponseFormat, Sampling, Tool, ToolNamed
from homeward.wire.anthropic_messages.blocks import (
    DIALECT,
    read_system,
    read_turn,
    write_system,
    write_turns,
)
from homeward.wire.asked import Asked
from homeward.wire.calls import one_at_a_time, paired
from homeward.wire.fields import Fields, overlay
from homeward.wire.openai_chat.tools import decode_tool
from homeward.wire.parts import speaks
from homeward.wire.sampling import sent, taken

DEFAULT_MAX_TOKENS = 4096
SETTINGS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "max_tokens": "max_tokens",
    "stop": "stop_sequences",
}
CHOICES = {"auto": "auto", "none": "none", "required": "any"}


def encode_request(request: Request, model: str, *, stream: bool = True) -> dict[str, Any]:
    """The body of ``POST /v1/messages``. Rejected where a call's arguments are no object."""
    own = speaks(request, DIALECT)
    messages = paired(request.messages)
    body: dict[str, Any] = {
        "model": model,
        "max_tokens": DEFAULT_MAX_TOKENS,
        "messages": write_turns(messages, own=own),
        **sent(request.sampling, SETTINGS),
    }
    if system := write_system(messages, own=own):
        body["system"] = system
    if stream:
        body["stream"] = True
    if tools := _encode_tools(request):
        body["tools"] = tools
        match request.tool_choice:
            case ToolNamed(name=name):
                body["tool_choice"] = {"type": "tool", "name": name}
            case str(choice):
                body["tool_choice"] = {"type": CHOICES[choice]}
        if one_at_a_time(request) and request.tool_choice != "none":
            body.setdefault("tool_choice", {"type": "auto"})["disable_parallel_tool_use"] = True
    if output := _encode_output(request):
        body["output_config"] = output
    if request.effort == "none":
        body["thinking"] = {"type": "disabled"}
    return overlay(body, request.extra) if own else body


def _encode_tools(request: Request) -> list[Any]:
    tools: list[Any] = []
    for tool in request.tools:
        if isinstance(tool, Tool):
            body: dict[str, Any] = {"name": tool.name}
            if tool.description is not None:
                body["description"] = tool.description
            body["input_schema"] = (
                {"type": "object"} if tool.parameters is None else (tool.parameters)
            )
            if tool.strict is not None:
                body["strict"] = tool.strict
            tools.append(body)
        elif tool.dialect in ("", DIALECT):
            tools.append(tool.value)
    return tools


def _encode_output(request: Request) -> dict[str, Any]:
    output: dict[str, Any] = {}
    wanted = request.response_format
    if wanted is not None and wanted.schema is not None:
        output["format"] = {"type": "json_schema", "schema": wanted.schema}
    if request.effort not in (None, "none"):
        output["effort"] = "low" if request.effort == "minimal" else request.effort
    return output


def decode_request(body: bytes) -> Asked:
    """What a client asks of ``POST /v1/messages``; Rejected says which field is wrong."""
    fields = Fields.of(body)
    model = fields.need("model", str)
    stream = fields.take("stream", bool) or False
    messages = read_system(fields)
    for turn in fields.need("messages", list):
        messages += read_turn(turn)
    output = fields.inner("output_config")
    effort = output.take("effort", str)
    found = _decode_format(output)
    fields.keep("output_config", output.rest)
    if fields.rest.get("thinking") == {"type": "disabled"}:
        del fields.rest["thinking"]
        effort = "none"
    request = Request(
        messages=tuple(messages),
        tools=_decode_tools(fields),
        tool_choice=_decode_tool_choice(fields),
        response_format=found,
        sampling=Sampling(**taken(fields, SETTINGS)),
        effort=effort,
        extra=fields.rest,
        dialect=DIALECT,
    )
    return Asked(model, stream, request)


def _decode_tools(fields: Fields) -> tuple[Tool | Raw, ...]:
    tools: list[Tool | Raw] = []
    beside: list[dict[str, Any]] = []
    for value in fields.take("tools", list[dict[str, Any]]) or []:
        if value.get("type") not in (None, "custom"):
            tools.append(Raw(DIALECT, value))
            beside.append({})
            continue
        tool = Fields(value, "tools[]")
        tools.append(decode_tool(tool, "input_schema"))
        beside.append(tool.rest)
    fields.keep("tools+", beside)
    return tuple(tools)


def _decode_tool_choice(fields: Fields) -> Any:
    kinds = {wire: ours for ours, wire in CHOICES.items()}
    value = fields.rest.get("tool_choice")
    kind = value.get("type") if isinstance(value, dict) else None
    if kind not in kinds and kind != "tool":
        return None
    choice = fields.inner("tool_choice")
    choice.take("type", str)
    found = kinds[kind] if kind in kinds else ToolNamed(choice.need("name", str))
    fields.keep("tool_choice+", choice.rest)
    return found


def _decode_format(output: Fields) -> ResponseFormat | None:
    match output.rest.get("format"):
        case {"type": "json_schema", "schema": dict(schema)}:
            del output.rest["format"]
            return ResponseFormat(schema)
    return None
