"""What services send, read as events. The files say where they come from: golden/README.md."""

import json
import random
from collections.abc import Callable, Iterator

import pytest

from homeward.errors import Failed, Garbled, ModelError, Overloaded
from homeward.model import Event, Finish, Reasoning, Text, ToolCall, Usage
from homeward.wire import (
    anthropic_messages,
    ollama,
    openai_chat,
    openai_responses,
    replicate,
    watsonx,
)

from .recordings import GOLDEN, Named, Reads, heard, play, whole

SKY = (
    "The sky is blue because air molecules cause Rayleigh scattering: short wavelengths of "
    "sunlight reach your eyes from every direction."
)
PARIS = '{"city": "Paris"}'
CHAT, RESPONSES = openai_chat.Decoder, openai_responses.Decoder
MESSAGES, OLLAMA = anthropic_messages.Decoder, ollama.Decoder


def bill(
    model: str, input_tokens: int, output_tokens: int, cached: int = 0, **more: float
) -> Usage:
    counts = {"input_tokens": input_tokens, "output_tokens": output_tokens, "cached_tokens": cached}
    return Usage("", model, **counts, **more)  # type: ignore[arg-type]  # counts are integers


GPT = "gpt-4o-mini-2024-07-18"
CLAUDE = "claude-sonnet-4-5-20250929"
GPT5 = bill("gpt-5.2-2025-12-11", 36, 87, 12, reasoning_tokens=64)
QWEN = bill("qwen3:4b", 26, 7, load_seconds=1.334875)

STREAMS: dict[str, tuple[Callable[[], Reads], list[Event]]] = {
    "llamacpp/text.sse": (CHAT, [Text(SKY), bill("tiny", 26, 12), Finish()]),
    "llamacpp/text_no_usage.sse": (CHAT, [Text(SKY), bill("tiny", 26, 12, 25), Finish()]),
    "llamacpp/length.sse": (
        CHAT,
        [Text("The sky is blue"), bill("tiny", 26, 2, 25), Finish("length")],
    ),
    "llamacpp/json_schema.sse": (
        CHAT,
        [Text('{"name": "test", "age": 42}'), bill("tiny", 26, 6), Finish()],
    ),
    "llamacpp/reasoning.sse": (
        CHAT,
        [
            Reasoning("Blue light scatters.\n"),
            Text("It is blue."),
            bill("tiny", 26, 11),
            Finish(),
        ],
    ),
    "llamacpp/anthropic_text.sse": (MESSAGES, [Text(SKY), bill("tiny", 26, 12, 25), Finish()]),
    "llamacpp/anthropic_reasoning.sse": (
        MESSAGES,
        [
            Reasoning("Blue light scatters.\n"),
            Text("It is blue."),
            bill("tiny", 26, 11, 25),
            Finish(),
        ],
    ),
    "llamacpp/responses_text.sse": (RESPONSES, [Text(SKY), bill("tiny", 26, 12, 25), Finish()]),
    "llamacpp/responses_reasoning.sse": (
        RESPONSES,
        [
            Reasoning("Blue light scatters.\n"),
            Text("It is blue."),
            bill("tiny", 26, 11, 25),
            Finish(),
        ],
    ),
    "openai/chat_text.sse": (
        CHAT,
        [Text("Hi there"), bill(GPT, 1024, 7, 896, reasoning_tokens=4), Finish()],
    ),
    "openai/chat_tools.sse": (
        CHAT,
        [
            ToolCall(0, "call_9pX", "get_weather", '{"city":"Paris"}'),
            ToolCall(1, "call_Qw2", "get_time", '{"zone":"CET"}'),
            bill(GPT, 61, 33),
            Finish("tool_calls"),
        ],
    ),
    "openai/chat_refusal.sse": (CHAT, [Text("I can't help with that."), Finish()]),
    "openai/responses_reasoning.sse": (
        RESPONSES,
        [
            Reasoning("Thinking it over.", "gAAAABfull=="),
            Text("Blue light scatters."),
            GPT5,
            Finish(),
        ],
    ),
    "openai/responses_tool.sse": (
        RESPONSES,
        [ToolCall(0, "call_zZ", "get_weather", '{"city":"Paris"}'), GPT5, Finish("tool_calls")],
    ),
    "compatible/vllm_reasoning.sse": (
        CHAT,
        [
            Reasoning("Blue scatters."),
            Text("It is blue."),
            bill("Qwen/Qwen3-8B", 14, 11),
            Finish(),
        ],
    ),
    "compatible/gemini_tools.sse": (
        CHAT,
        [
            ToolCall(0, "function-call-1", "get_weather", '{"city":"Paris"}', "AbC="),
            ToolCall(1, "function-call-2", "get_time", "{}"),
            bill("gemini-2.5-flash", 40, 12),
            Finish("tool_calls"),
        ],
    ),
    "compatible/mistral_thinking.sse": (
        CHAT,
        [Reasoning("Hmm."), Text("Blue."), bill("magistral-medium-latest", 9, 6), Finish()],
    ),
    "compatible/no_done.sse": (CHAT, [Text("Hi"), Finish()]),
    "anthropic/text.sse": (MESSAGES, [Text("Hello!"), bill(CLAUDE, 425, 15, 300), Finish()]),
    "anthropic/tool.sse": (
        MESSAGES,
        [
            Text("Let me check."),
            ToolCall(0, "toolu_01", "get_weather", PARIS),
            ToolCall(1, "toolu_02", "now", "{}"),
            bill(CLAUDE, 425, 89, 300),
            Finish("tool_calls"),
        ],
    ),
    "anthropic/thinking.sse": (
        MESSAGES,
        [
            Reasoning("27 * 4 = 108", "EqQBCgIYAhIM"),
            Text("108"),
            bill(CLAUDE, 425, 30, 300),
            Finish(),
        ],
    ),
    "anthropic/search.sse": (MESSAGES, [Text("Blue."), bill(CLAUDE, 425, 20, 300), Finish()]),
    "ollama/text.jsonl": (OLLAMA, [Text("Hi there"), QWEN, Finish()]),
    "ollama/thinking.jsonl": (
        OLLAMA,
        [Reasoning("Blue scatters."), Text("It is blue."), QWEN, Finish("length")],
    ),
    "ollama/tool.jsonl": (
        OLLAMA,
        [
            ToolCall(0, "call_k2f9x1ab", "get_weather", '{"city":"Paris"}'),
            ToolCall(1, "call_9sdj2k1a", "now", "{}"),
            QWEN,
            Finish("tool_calls"),
        ],
    ),
    "watsonx/text.sse": (watsonx.Decoder, [Text("Blue."), bill("", 20, 3), Finish("length")]),
    "replicate/text.sse": (Named, [Text("Blue light\n\nscatters."), Finish()]),
}


def random_sizes(seed: int) -> Iterator[int]:
    dice = random.Random(seed)
    while True:
        yield dice.choice((1, 2, 3, 7, 50, 1000))


@pytest.mark.parametrize("name", STREAMS)
@pytest.mark.parametrize("seed", range(3))
def test_a_stream_is_read_however_it_is_cut(name: str, seed: int) -> None:
    decoder, expected = STREAMS[name]
    events = play(name, decoder(), random_sizes(seed))
    assert [e for e in whole(events) if not isinstance(e, Usage)] == [
        e for e in expected if not isinstance(e, Usage)
    ]
    assert events == play(name, decoder())


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_tells_its_tokens(name: str) -> None:
    decoder, expected = STREAMS[name]
    told = [
        Usage("", e.model if wanted.model else "", *_counts(e))
        for e, wanted in zip(_bills(play(name, decoder())), _bills(expected), strict=True)
    ]
    assert told == [Usage("", e.model, *_counts(e)) for e in _bills(expected)]


def _bills(events: list[Event]) -> list[Usage]:
    return [event for event in events if isinstance(event, Usage)]


def _counts(usage: Usage) -> tuple[int, int, int, int]:
    return (
        usage.input_tokens,
        usage.output_tokens,
        usage.cached_tokens,
        usage.reasoning_tokens,
    )


@pytest.mark.parametrize(
    ("name", "decoder", "error", "words"),
    [
        ("compatible/cut.sse", CHAT, Garbled, "stopped in the middle"),
        ("compatible/vllm_error.sse", CHAT, Failed, "EngineCore"),
        ("openai/responses_failed.sse", RESPONSES, Failed, "failed to generate"),
        ("openai/responses_error.sse", RESPONSES, Overloaded, "Rate limit"),
        ("anthropic/error.sse", MESSAGES, Overloaded, "Overloaded"),
        ("ollama/error.jsonl", OLLAMA, Failed, "out of memory"),
        ("watsonx/error.sse", watsonx.Decoder, Failed, "Downstream"),
        ("replicate/canceled.sse", Named, Failed, "canceled"),
        ("replicate/error.sse", Named, Failed, "CUDA out of memory"),
    ],
)
def test_a_stream_that_breaks_says_why(
    name: str, decoder: Callable[[], Reads], error: type[ModelError], words: str
) -> None:
    with pytest.raises(error, match=words):
        play(name, decoder())


@pytest.mark.parametrize("name", [n for n in STREAMS if not n.startswith("replicate")])
def test_a_stream_without_its_last_bytes_is_garbled(name: str) -> None:
    decoder, _ = STREAMS[name]
    data = (GOLDEN / name).read_bytes()
    with pytest.raises(Garbled):
        heard(data[: len(data) // 2], decoder(), line_by_line=name.endswith("jsonl"))


@pytest.mark.parametrize(
    ("decode", "streamed", "answered"),
    [
        (openai_chat.decode_answer, "text.sse", "text.json"),
        (openai_chat.decode_answer, "tool.sse", "tool.json"),
        (openai_chat.decode_answer, "reasoning.sse", "reasoning.json"),
        (anthropic_messages.decode_answer, "anthropic_text.sse", "anthropic_text.json"),
        (anthropic_messages.decode_answer, "anthropic_tool.sse", "anthropic_tool.json"),
        (openai_responses.decode_answer, "responses_text.sse", "responses_text.json"),
        (openai_responses.decode_answer, "responses_tool.sse", "responses_tool.json"),
        (openai_responses.decode_answer, "responses_reasoning.sse", "responses_reasoning.json"),
    ],
)
def test_an_answer_in_one_piece_says_what_its_stream_says(
    decode: Callable[[bytes], list[Event]], streamed: str, answered: str
) -> None:
    kinds: dict[str, Callable[[], Reads]] = {"anthropic": MESSAGES, "responses": RESPONSES}
    stream = play(f"llamacpp/{streamed}", kinds.get(streamed.split("_")[0], CHAT)())
    answer = decode((GOLDEN / "llamacpp" / answered).read_bytes())
    assert _words(whole(answer)) == _words(whole(stream))
    assert _bills(answer)[0].output_tokens == _bills(stream)[0].output_tokens


def _words(events: list[Event]) -> list[object]:
    """Everything but the bill and the ids, which differ from call to call."""
    return [
        (e.name, json.loads(e.arguments)) if isinstance(e, ToolCall) else e
        for e in events
        if not isinstance(e, Usage)
    ]


def test_llama_cpp_streams_the_arguments_of_a_tool_call() -> None:
    events = play("llamacpp/tool.sse", openai_chat.Decoder())
    pieces = [e for e in events if isinstance(e, ToolCall)]
    assert [piece.name for piece in pieces] == ["get_weather", "", "", "", ""]
    assert "".join(piece.arguments for piece in pieces) == PARIS
    assert {piece.index for piece in pieces} == {0}
    assert pieces[0].id
    assert not any(piece.id for piece in pieces[1:])
    assert events[-1] == Finish("tool_calls")


def test_llama_cpps_responses_and_messages_stream_the_same_call() -> None:
    for name, decoder in (
        ("responses_tool.sse", openai_responses.Decoder()),
        ("anthropic_tool.sse", anthropic_messages.Decoder()),
    ):
        call, *rest = [e for e in whole(play(f"llamacpp/{name}", decoder)) if e != Finish()]
        assert isinstance(call, ToolCall)
        assert (call.index, call.name, call.arguments) == (0, "get_weather", PARIS)
        assert rest[-1] == Finish("tool_calls")


@pytest.mark.parametrize(
    ("name", "decoder", "first"),
    [
        ("llamacpp/logprobs.sse", openai_chat.Decoder, ("The sky", -0.192, "The sky", '{"')),
        ("ollama/logprobs.jsonl", ollama.Decoder, ("Hi", -0.5, "Hi", "Hello")),
        (
            "openai/responses_incomplete.sse",
            openai_responses.Decoder,
            ("Blue", -0.25, "Blue", "The"),
        ),
    ],
)
def test_logprobs_come_with_as_many_alternatives_as_were_asked_for(
    name: str, decoder: Callable[[int | None], Reads], first: tuple[str, float, str, str]
) -> None:
    for wanted in (None, 2, 1, 0):
        texts = [e for e in play(name, decoder(wanted)) if isinstance(e, Text)]
        assert "".join(p.token for t in texts for p in t.logprobs) == "".join(t.text for t in texts)
        token = texts[0].logprobs[0]
        assert (token.token, round(token.logprob, 3)) == first[:2]
        assert [name for name, _ in token.top] == list(first[2:])[:wanted]


def test_an_answer_that_ran_out_of_tokens_is_finished_by_length() -> None:
    events = play("openai/responses_incomplete.sse", openai_responses.Decoder())
    assert events[-1] == Finish("length")


def test_ollama_tells_how_long_loading_took() -> None:
    usage = _bills(play("ollama/text.jsonl", ollama.Decoder()))[0]
    assert usage.load_seconds == 1.334875


def test_a_prediction_goes_from_starting_to_an_answer() -> None:
    first = replicate.decode_prediction((GOLDEN / "replicate/starting.json").read_bytes())
    assert not first.ended
    assert first.urls is not None
    assert first.urls.stream == "https://stream.replicate.com/v1/files/gm3"
    last = replicate.decode_answer((GOLDEN / "replicate/succeeded.json").read_bytes())
    assert last == [
        Text("Blue light\nscatters."),
        bill("meta/meta-llama-3-8b-instruct", 11, 5),
        Finish(),
    ]
    with pytest.raises(Failed, match="please retry"):
        replicate.decode_answer((GOLDEN / "replicate/failed.json").read_bytes())
    with pytest.raises(Garbled, match="still starting"):
        replicate.decode_answer((GOLDEN / "replicate/starting.json").read_bytes())
