"""What OpenAI publishes of its answers' shapes, and models whose answers have every one of them."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator

from homeward.backends.scripted import Scripted
from homeward.errors import Failed
from homeward.gateway.routes import routes_of
from homeward.model import Finish, Logprob, Reasoning, Text, ToolCall, Usage
from tests.gateway.running import Answered, Running, running

SCHEMAS = json.loads((Path(__file__).parent / "openapi" / "answers.json").read_text())

SCRIPTS = {
    "words": Scripted(("It ", "is ", "blue.", Usage("", "m", 7, 3, 2))),
    "nothing": Scripted(()),
    "long": Scripted(("And so ", "on", Finish("length"))),
    "filtered": Scripted(("I will", Finish("content_filter"))),
    "thinker": Scripted(
        (Reasoning("Hm. "), Reasoning("Sky."), "Blue.", Usage("", "m", 7, 9, 0, 5))
    ),
    "caller": Scripted(
        (
            "Let me look.",
            ToolCall(0, "call_a", "weather", '{"city":'),
            ToolCall(1, "call_b", "time", "{}"),
            ToolCall(0, arguments='"Paris"}'),
            Finish("tool_calls"),
        )
    ),
    "nameless": Scripted((ToolCall(0, "", "weather", "{}"), Finish("tool_calls"))),
    "sure": Scripted(
        (
            Text("Bl", (Logprob("Bl", -0.5, (("Bl", -0.5), ("R", -1.5))),)),
            Text("ue", (Logprob("ue", float("-inf")),)),
        )
    ),
    "cut_call": Scripted((ToolCall(0, "call_a", "f", '{"city":'), Failed("it stopped"))),
    "broken": Scripted(("It ", Failed("the runtime lost its mind; start it again"))),
}
ASKED = {"messages": [{"role": "user", "content": "Why is the sky blue?"}]}


@asynccontextmanager
async def scripted() -> AsyncGenerator[Running]:
    """A gateway whose routes are `SCRIPTS`, and ``echo``."""
    async with running("models: {echo: {echo: {}}}") as gateway:
        gateway.gateway.routes |= routes_of(SCRIPTS)
        yield gateway


def check(name: str, body: Any) -> None:
    """Whether it is what that schema of OpenAI's says."""
    schema = {"$ref": f"#/components/schemas/{name}", **SCHEMAS}
    Draft202012Validator(schema).validate(body)


def check_event(body: Any) -> None:
    """Whether it is one of the events of a response, the one that it says it is."""
    schemas = SCHEMAS["components"]["schemas"]
    for reference in schemas["ResponseStreamEvent"]["anyOf"]:
        name = reference["$ref"].rpartition("/")[2]
        if schemas[name]["properties"]["type"]["enum"] == [body["type"]]:
            check(name, body)
            return
    raise AssertionError(f"OpenAI has no event {body['type']!r}")


def frames(answered: Answered) -> list[Any]:
    """The JSON of a stream, without its end mark."""
    lines = [line[6:] for line in answered.text.split("\n") if line.startswith("data: ")]
    return [json.loads(line) for line in lines if line != "[DONE]"]
