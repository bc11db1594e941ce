"""A responses body to a `Request`, and back."""

from typing import Any

from homeward.model import (
    Message,
    Raw,
    Request,
    ResponseFormat,
    Sampling,
    Tool,
    ToolNamed,
)
from homeward.wire.asked import Asked
from homeward.wire.calls import one_at_a_time, paired
from homeward.wire.fields import Fields, overlay
from homeward.wire.openai_chat.request import decode_schema
from homeward.wire.openai_chat.tools import decode_tool
from homeward.wire.openai_responses.echo import echo
from homeward.wire.openai_responses.items import DIALECT, read_items, write_items
from homeward.wire.parts import speaks
from homeward.wire.sampling import sent, taken

SETTINGS = {"temperature": "temperature", "top_p": "top_p", "max_tokens": "max_output_tokens"}
WITH_LOGPROBS = "message.output_text.logprobs"


def encode_request(request: Request, model: str, *, stream: bool = True) -> dict[str, Any]:
    """The body of ``POST /responses``."""
    own = speaks(request, DIALECT)
    body: dict[str, Any] = {
        "model": model,
        "input": [
            item for message in paired(request.messages) for item in write_items(message, own=own)
        ],
        **sent(request.sampling, SETTINGS),
    }
    if stream:
        body["stream"] = True
    if request.sampling.logprobs is not None:
        others = request.extra.get("include") if own else None
        more = [name for name in others if name != WITH_LOGPROBS] if others else []
        body |= {"include": [*more, WITH_LOGPROBS], "top_logprobs": request.sampling.logprobs}
    if tools := _encode_tools(request):
        body["tools"] = tools
        match request.tool_choice:
            case ToolNamed(name=name):
                body["tool_choice"] = {"type": "function", "name": name}
            case str(choice):
                body["tool_choice"] = choice
        if one_at_a_time(request):
            body["parallel_tool_calls"] = False
    if request.response_format is not None:
        body["text"] = {"format": _encode_format(request.response_format)}
    if request.effort is not None:
        body["reasoning"] = {"effort": request.effort}
    return overlay(body, request.extra) if own else body


def _encode_tools(request: Request) -> list[Any]:
    tools: list[Any] = []
    for tool in request.tools:
        if isinstance(tool, Tool):
            given = {
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": tool.strict,
            }
            present = {name: value for name, value in given.items() if value is not None}
            tools.append({"type": "function", "name": tool.name, **present})
        elif tool.dialect in ("", DIALECT):
            tools.append(tool.value)
    return tools


def _encode_format(wanted: ResponseFormat) -> dict[str, Any]:
    if wanted.schema is None:
        return {"type": "json_object"}
    strict = {} if wanted.strict is None else {"strict": wanted.strict}
    return {"type": "json_schema", "name": wanted.name, "schema": wanted.schema, **strict}


def decode_request(body: bytes) -> Asked:
    """What a client asks of ``POST /responses``; Rejected says which field is wrong."""
    fields = Fields.of(body)
    repeated = echo(fields.rest)
    model = fields.need("model", str)
    stream = fields.take("stream", bool) or False
    messages = list(_instructions(fields)) + read_items(fields.rest.pop("input", None))
    reasoning = fields.inner("reasoning")
    effort = reasoning.take("effort", str)
    fields.keep("reasoning", reasoning.rest)
    request = Request(
        messages=tuple(messages),
        tools=_decode_tools(fields),
        tool_choice=_decode_tool_choice(fields),
        response_format=_decode_format(fields),
        sampling=_decode_sampling(fields),
        effort=effort,
        extra=fields.rest,
        dialect=DIALECT,
    )
    return Asked(model, stream, request, echo=repeated)


def _instructions(fields: Fields) -> tuple[Message, ...]:
    text = fields.take("instructions", str)
    return () if text is None else (Message("system", text),)


def _decode_tools(fields: Fields) -> tuple[Tool | Raw, ...]:
    tools: list[Tool | Raw] = []
    beside: list[dict[str, Any]] = []
    for value in fields.take("tools", list[dict[str, Any]]) or []:
        if value.get("type") != "function":
            tools.append(Raw(DIALECT, value))
            beside.append({})
            continue
        tool = Fields(value, "tools[]")
        tool.take("type", str)
        tools.append(decode_tool(tool))
        beside.append(tool.rest)
    fields.keep("tools+", beside)
    return tuple(tools)


def _decode_tool_choice(fields: Fields) -> Any:
    match fields.rest.get("tool_choice"):
        case "auto" | "none" | "required":
            return fields.rest.pop("tool_choice")
        case {"type": "function", "name": str(name)}:
            del fields.rest["tool_choice"]
            return ToolNamed(name)
    return None


def _decode_format(fields: Fields) -> ResponseFormat | None:
    text = fields.inner("text")
    found = None
    match text.rest.get("format"):
        case {"type": "text"}:
            del text.rest["format"]
        case {"type": "json_object"}:
            del text.rest["format"]
            found = ResponseFormat()
        case {"type": "json_schema", "schema": dict()}:
            wanted = text.inner("format")
            wanted.take("type", str)
            found = decode_schema(wanted)
            text.keep("format+", wanted.rest)
    fields.keep("text", text.rest)
    return found


def _decode_sampling(fields: Fields) -> Sampling:
    settings = taken(fields, SETTINGS)
    alternatives = fields.take("top_logprobs", int)
    include = fields.take("include", list[str]) or []
    wanted = WITH_LOGPROBS in include
    fields.keep("include", [name for name in include if name != WITH_LOGPROBS])
    return Sampling(**settings, logprobs=(alternatives or 0) if wanted else None)
