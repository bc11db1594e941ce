"""Tools and their calls as OpenAI's chat writes them, and Ollama nearly so."""

from typing import Any

from homeward.model import Raw, Tool, ToolCall, ToolNamed
from homeward.wire.calls import arguments_text
from homeward.wire.fields import Fields


def encode_tools(tools: tuple[Tool | Raw, ...], dialect: str) -> list[Any]:
    bodies: list[Any] = []
    for tool in tools:
        if isinstance(tool, Tool):
            given = {
                "name": tool.name,
                "description": tool.description,
                "parameters": tool.parameters,
                "strict": tool.strict,
            }
            function = {name: value for name, value in given.items() if value is not None}
            bodies.append({"type": "function", "function": function})
        elif tool.dialect in ("", dialect):
            bodies.append(tool.value)
    return bodies


def encode_tool_choice(choice: str | ToolNamed) -> Any:
    if isinstance(choice, ToolNamed):
        return {"type": "function", "function": {"name": choice.name}}
    return choice


def encode_call(call: ToolCall) -> dict[str, Any]:
    function = {"name": call.name, "arguments": call.arguments or "{}"}
    return {"id": call.id, "type": "function", "function": function, **sealed(call)}


def sealed(call: ToolCall) -> dict[str, Any]:
    """Gemini's field for a call's signature; nothing where there is none."""
    if not call.signature:
        return {}
    return {"extra_content": {"google": {"thought_signature": call.signature}}}


def signature(extra_content: Any) -> str:
    match extra_content:
        case {"google": {"thought_signature": str(found), **rest}, **others} if not (
            rest or others
        ):
            return found
    return ""


def decode_tools(fields: Fields, dialect: str) -> tuple[Tool | Raw, ...]:
    tools: list[Tool | Raw] = []
    beside: list[dict[str, Any]] = []
    for value in fields.take("tools", list[dict[str, Any]]) or []:
        if value.get("type", "function") != "function" or "function" not in value:
            tools.append(Raw(dialect, value))
            beside.append({})
            continue
        tool = Fields(value, "tools[]")
        tool.take("type", str)
        function = tool.inner("function")
        tools.append(decode_tool(function))
        tool.keep("function", function.rest)
        beside.append(tool.rest)
    fields.keep("tools+", beside)
    return tuple(tools)


def decode_tool(fields: Fields, parameters: str = "parameters") -> Tool:
    return Tool(
        fields.need("name", str),
        fields.take("description", str),
        fields.take(parameters, dict[str, Any]),
        fields.take("strict", bool),
    )


def decode_tool_choice(fields: Fields) -> Any:
    value = fields.rest.get("tool_choice")
    if value in ("auto", "none", "required"):
        return fields.rest.pop("tool_choice")
    if isinstance(value, dict) and value.get("type") == "function" and "function" in value:
        choice = fields.inner("tool_choice")
        named = choice.inner("function").need("name", str)
        choice.take("type", str)
        fields.keep("tool_choice+", choice.rest)
        return ToolNamed(named)
    return None


def decode_calls(fields: Fields) -> tuple[ToolCall, ...]:
    values = fields.take("tool_calls", list[dict[str, Any]]) or []
    if any("function" not in value for value in values):
        fields.rest["tool_calls"] = values  # OpenAI's custom tools: sent on unread
        return ()
    calls, beside = [], []
    for place, value in enumerate(values):
        call = Fields(value, "tool_calls[]")
        function = call.inner("function")
        text = arguments_text(function.rest.pop("arguments", None))
        beside_it = call.rest.get("extra_content")
        seal = signature(beside_it)
        if seal and beside_it == {"google": {"thought_signature": seal}}:
            del call.rest["extra_content"]
        else:
            seal = ""  # more lies in that field: it is sent on whole, unread
        made = call.take("id", str) or ""
        calls.append(ToolCall(place, made, function.need("name", str), text, seal))
        call.take("type", str)
        function.rest.pop("index", None)
        call.rest.pop("index", None)
        call.keep("function", function.rest)
        beside.append(call.rest)
    fields.keep("tool_calls+", beside)
    return tuple(calls)
