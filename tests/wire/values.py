"""Hypothesis strategies: requests and answers, as far as a dialect can carry them."""

from typing import Any

from hypothesis import strategies as st
from msgspec import json

from homeward.model import (
    Event,
    Finish,
    ImagePart,
    Logprob,
    Message,
    Reasoning,
    Request,
    ResponseFormat,
    Sampling,
    Text,
    TextPart,
    Tool,
    ToolCall,
    ToolNamed,
    Usage,
)

words = st.text(st.characters(codec="utf-8"), max_size=20)
said = st.text('abc é\n"\\{}🦉', min_size=1, max_size=20)
names = st.text("abcdefgh_", min_size=1, max_size=8)
numbers = st.floats(0, 2, allow_nan=False).map(lambda x: round(x, 3))
scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | words
objects = st.dictionaries(names, scalars | st.lists(scalars, max_size=3), max_size=3)
schemas = objects.map(lambda more: {**more, "type": "object"})
arguments = objects.map(lambda value: json.encode(value).decode())
pictures = st.sampled_from(
    ["data:image/png;base64,iVBORw0KGgoAAAA=", "data:image/jpeg;base64,/9j/4AAQSkZJRg=="]
)
# No dialect has a field that begins so.
unread = st.dictionaries(names.map(lambda name: f"x_{name}"), scalars | objects, max_size=2)


def settings(*fields: str) -> st.SearchStrategy[Sampling]:
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "temperature": numbers,
        "top_p": numbers,
        "top_k": st.integers(1, 100),
        "min_p": numbers,
        "max_tokens": st.integers(1, 9999),
        "seed": st.integers(0, 2**31),
        "presence_penalty": numbers,
        "frequency_penalty": numbers,
        "stop": st.lists(said, min_size=1, max_size=3).map(tuple),
        "logprobs": st.integers(1, 20),
    }
    chosen = {name: kinds[name] for name in fields}
    return st.fixed_dictionaries({}, optional=chosen).map(lambda given: Sampling(**given))


@st.composite
def tools(draw: st.DrawFn) -> tuple[Tool, ...]:
    found = draw(st.lists(names, unique=True, max_size=3))
    return tuple(
        Tool(name, draw(st.none() | words), draw(schemas), draw(st.none() | st.booleans()))
        for name in found
    )


@st.composite
def conversations(
    draw: st.DrawFn,
    *,
    parts: bool = True,
    detail: bool = False,
    participants: bool = False,
    reasoning: bool = False,
    tool_names: bool = False,
) -> tuple[Message, ...]:
    """A system message, then turns; an assistant's turn may call tools, which then answer."""
    messages = [Message("system", draw(said))] if draw(st.booleans()) else []
    made = 0
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.none() | names) if participants else None
        messages.append(Message("user", draw(_content(parts=parts, detail=detail)), name=name))
        thought = draw(st.none() | said) if reasoning else None
        calls = tuple(
            ToolCall(place, f"call_{made + place}", draw(names), draw(arguments))
            for place in range(draw(st.integers(0, 2)))
        )
        made += len(calls)
        spoken = draw(said) if not calls or draw(st.booleans()) else ""
        messages.append(Message("assistant", spoken, tool_calls=calls, reasoning=thought))
        messages += [
            Message("tool", draw(said), tool_call_id=c.id, name=c.name if tool_names else None)
            for c in calls
        ]
    return tuple(messages)


def _content(*, parts: bool, detail: bool) -> st.SearchStrategy[Any]:
    if not parts:
        return said
    details = st.none() | st.sampled_from(["low", "high"]) if detail else st.none()
    picture = st.builds(ImagePart, pictures, details)
    return said | st.tuples(said.map(TextPart), picture)


def choices(found: tuple[Tool, ...]) -> st.SearchStrategy[Any]:
    if not found:
        return st.none()
    named = st.sampled_from([ToolNamed(tool.name) for tool in found])
    return st.none() | st.sampled_from(["auto", "none", "required"]) | named


formats = st.just(ResponseFormat()) | st.builds(
    ResponseFormat, schemas, names, st.none() | st.booleans()
)
nameless_formats = st.builds(ResponseFormat, schemas)


@st.composite
def requests(
    draw: st.DrawFn,
    dialect: str,
    messages: st.SearchStrategy[tuple[Message, ...]],
    sampling: st.SearchStrategy[Sampling],
    wanted: st.SearchStrategy[ResponseFormat],
    *,
    choice: bool = True,
) -> Request:
    found = draw(tools())
    return Request(
        draw(messages),
        tools=found,
        tool_choice=draw(choices(found)) if choice else None,
        response_format=draw(st.none() | wanted),
        sampling=draw(sampling),
        effort=draw(st.sampled_from([None, "none", "low", "medium", "high"])),
        extra=draw(unread),
        dialect=dialect,
    )


_logprobs = st.builds(
    Logprob,
    said,
    st.floats(-50, 0, allow_nan=False),
    st.lists(st.tuples(said, st.floats(-50, 0, allow_nan=False)), max_size=2).map(tuple),
)


@st.composite
def answers(draw: st.DrawFn, *, logprobs: bool = True) -> list[Event]:
    """A whole stream: thoughts, words, calls in pieces, the bill, the finish."""
    events: list[Event] = [Reasoning(text) for text in draw(st.lists(said, max_size=2))]
    for text in draw(st.lists(said, max_size=3)):
        beside = tuple(draw(st.lists(_logprobs, max_size=2))) if logprobs else ()
        events.append(Text(text, beside))
    called = draw(st.integers(0, 2))
    for index in range(called):
        whole = draw(arguments)
        cut = draw(st.integers(0, len(whole)))
        events.append(ToolCall(index, f"call_{index}", draw(names), whole[:cut]))
        if whole[cut:]:
            events.append(ToolCall(index, arguments=whole[cut:]))
    cached = draw(st.integers(0, 50))
    events.append(
        Usage(
            "",
            "m",
            input_tokens=draw(st.integers(cached, 100)),
            output_tokens=draw(st.integers(0, 100)),
            cached_tokens=cached,
        )
    )
    events.append(Finish("tool_calls" if called else draw(st.sampled_from(["stop", "length"]))))
    return events
