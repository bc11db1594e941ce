"""What services really sent (tests/wire/golden), through each leaf, over a real connection."""

from collections.abc import Callable

import pytest

from homeward.backends.anthropic import Anthropic
from homeward.backends.ollama import Ollama
from homeward.backends.replicate import Replicate
from homeward.backends.watsonx import Watsonx
from homeward.model import Event, Finish, Model, Note, Usage
from homeward.wire import anthropic_messages, ollama, watsonx
from tests.backends.servers import Asked, Reply, Routes, Server, answers, playing
from tests.contract import heard
from tests.wire.recordings import GOLDEN, Named, Reads, play, whole

MODEL = "owner/model"


def created(asked: Asked) -> Reply:
    here = f"http://{asked.headers['host']}/1"
    return answers({"status": "starting", "urls": {"get": here, "cancel": here, "stream": here}})


def routes(played: Reply) -> Routes:
    return {
        ("POST", "/v1/messages"): played,
        ("POST", "/api/show"): answers({}),
        ("POST", "/api/chat"): played,
        ("POST", "/identity/token"): answers({"access_token": "t"}),
        ("POST", "/ml/v1/text/chat_stream"): played,
        ("POST", f"/models/{MODEL}/predictions"): created,
        ("GET", "/1"): played,
    }


def ibm(url: Server) -> Model:
    return Watsonx(MODEL, url, project_id="p", iam=url, api_key="k")


LEAVES: dict[str, tuple[Callable[[Server], Model], Callable[[], Reads]]] = {
    "anthropic": (lambda url: Anthropic(MODEL, url), anthropic_messages.Decoder),
    "ollama": (lambda url: Ollama(MODEL, url), ollama.Decoder),
    "watsonx": (ibm, watsonx.Decoder),
    "replicate": (lambda url: Replicate(MODEL, base_url=url), Named),
}

RECORDINGS = [
    ("anthropic", "anthropic/text.sse"),
    ("anthropic", "anthropic/tool.sse"),
    ("anthropic", "anthropic/thinking.sse"),
    ("anthropic", "llamacpp/anthropic_text.sse"),
    ("anthropic", "llamacpp/anthropic_tool.sse"),
    ("ollama", "ollama/text.jsonl"),
    ("ollama", "ollama/tool.jsonl"),
    ("ollama", "ollama/thinking.jsonl"),
    ("watsonx", "watsonx/text.sse"),
    ("replicate", "replicate/text.sse"),
]


def words(events: list[Event]) -> list[Event]:
    """What was said and how it ended, whatever the pieces; without what the meter adds."""
    return [
        Finish(event.reason) if isinstance(event, Finish) else event
        for event in whole(events)
        if not isinstance(event, Note)
    ]


@pytest.mark.parametrize("size", [3, 10_000])
@pytest.mark.parametrize(("kind", "name"), RECORDINGS)
async def test_says_what_was_recorded(kind: str, name: str, size: int) -> None:
    build, decoder = LEAVES[kind]
    data = (GOLDEN / name).read_bytes()
    reply = Reply([data[at : at + size] for at in range(0, len(data), size)])
    async with playing(routes(reply)) as server:
        events = await heard(build(server))
    direct = play(name, decoder())
    assert words(events) == words(direct)
    assert [u.output_tokens for u in direct if isinstance(u, Usage)] in (
        [],
        [u.output_tokens for u in events if isinstance(u, Usage)],
    )
