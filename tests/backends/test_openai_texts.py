"""Completions, middles and embeddings of servers that speak OpenAI's protocol."""

import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest

from homeward.backends.http import Http
from homeward.backends.llamas import Llamas
from homeward.backends.openai import OpenAI
from homeward.backends.prices import Price
from homeward.completion import Completer, Completion
from homeward.embedding import Embedder, Texts
from homeward.errors import (
    Forbidden,
    Garbled,
    ModelMissing,
    OverBudget,
    Rejected,
    TimedOut,
    TooLong,
)
from homeward.model import Clearance, Finish, Sampling, Usage, collect
from tests.backends.leaves import Completes, check_cancel, check_hang_up, only
from tests.backends.servers import Reply, Routes, Server, answers, playing, sse
from tests.contract import check_bill_arrives, check_ends_with_finish

ASKED = Completion("def add(a, b):\n", sampling=Sampling(max_tokens=16, seed=3, top_k=5))
MIDDLE = Completion("def add(", "return", ASKED.sampling)


def piece(text: str, finish: str | None = None, **more: Any) -> str:
    choice = {"text": text, "index": 0, "finish_reason": finish, **more}
    return json.dumps({"object": "text_completion", "choices": [choice]})


COUNTS = json.dumps({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 2}})
SAYS = sse(piece("a"), piece(" + b"), piece("", "stop"), COUNTS, "[DONE]")


def completions(reply: Reply = SAYS, path: str = "/v1/completions") -> Routes:
    return {("POST", path): reply}


def body_of(server: Server) -> Any:
    [asked] = server.asked
    return asked.json


@pytest.fixture
async def http() -> AsyncGenerator[Http, None]:
    async with Http() as client:
        yield client


# ---------------------------------------------------------------- completions


async def test_goes_on_with_a_text(http: Http) -> None:
    async with playing(completions()) as server:
        model = OpenAI("m", "vllm", base_url=server, http=http)
        answer = await collect(model.complete(ASKED))
    assert isinstance(model, Completer)
    assert body_of(server) == {
        "model": "m",
        "prompt": ASKED.prompt,
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 16,
        "seed": 3,
        "top_k": 5,
    }
    assert (answer.text, answer.finish) == ("a + b", Finish("stop", "m"))
    usage = only(Usage, answer.events)
    assert (usage.input_tokens, usage.output_tokens, usage.estimated) == (7, 2, False)


async def test_a_completion_keeps_the_contract(http: Http) -> None:
    async with playing(completions()) as server:
        model = Completes(OpenAI("m", base_url=server, http=http))
        await check_ends_with_finish(model)
        await check_bill_arrives(model)


async def test_hanging_up_and_cancelling_end_a_completion_upstream(http: Http) -> None:
    async with playing(completions(sse(piece("a"), 60.0))) as server:
        await check_hang_up(Completes(OpenAI("m", base_url=server, http=http)), server)
    async with playing(completions(sse(60.0))) as server:
        model = Completes(OpenAI("m", base_url=server, http=http))
        await check_cancel(model, server, "/v1/completions")


async def test_a_completion_without_its_end_is_garbled(http: Http) -> None:
    async with playing(completions(sse(piece("a")))) as server:
        with pytest.raises(Garbled):
            await collect(OpenAI("m", base_url=server, http=http).complete(ASKED))


async def test_logprobs_in_columns_are_read(http: Http) -> None:
    columns = {
        "tokens": ["a", " b"],
        "token_logprobs": [-0.5, None],
        "top_logprobs": [{"a": -0.5, "x": -2.0}, None],
    }
    reply = sse(piece("a b", "stop", logprobs=columns), "[DONE]")
    async with playing(completions(reply)) as server:
        asked = Completion("", sampling=Sampling(logprobs=2))
        answer = await collect(OpenAI("m", base_url=server, http=http).complete(asked))
    assert body_of(server)["logprobs"] == 2
    assert [(p.token, p.top) for p in answer.logprobs] == [
        ("a", (("a", -0.5), ("x", -2.0))),
        (" b", ()),
    ]


async def test_logprobs_in_no_known_form_are_passed_over(http: Http) -> None:
    reply = sse(piece("a", "stop", logprobs={"tokens": 7}), "[DONE]")
    async with playing(completions(reply)) as server:
        answer = await collect(OpenAI("m", base_url=server, http=http).complete(ASKED))
    assert (answer.text, answer.logprobs) == ("a", ())


async def test_what_is_not_read_is_sent_on_but_asks_no_other_model(http: Http) -> None:
    extra = {"guided_regex": "a+", "Model": "dearest"}
    asked = Completion("hi", extra=extra, dialect="openai_completions")
    async with playing(completions()) as server:
        await collect(OpenAI("m", base_url=server, http=http).complete(asked))
    assert body_of(server)["guided_regex"] == "a+"
    assert "Model" not in body_of(server)


# ---------------------------------------------------------------- middles


async def test_the_suffix_goes_with_the_prompt(http: Http) -> None:
    async with playing(completions()) as server:
        await collect(OpenAI("m", base_url=server, http=http).complete(MIDDLE))
    body = body_of(server)
    assert (body["prompt"], body["suffix"]) == ("def add(", "return")
    assert "top_k" not in body  # which OpenAI refuses


INFILLS = sse(
    '{"content": "a, b", "stop": false}',
    '{"content": "", "stop": true, "stop_type": "limit", "tokens_evaluated": 9,'
    ' "tokens_predicted": 2, "timings": {"cache_n": 4}}',
)


async def test_llama_cpp_is_asked_at_its_own_url(http: Http) -> None:
    async with playing(completions(INFILLS, "/infill")) as server:
        model = OpenAI("m", "llama.cpp", base_url=f"{server}/v1", http=http)
        answer = await collect(model.complete(MIDDLE))
    body = body_of(server)
    assert (body["input_prefix"], body["input_suffix"]) == ("def add(", "return")
    assert (body["n_predict"], body["stream"], body["top_k"]) == (16, True, 5)
    assert (answer.text, answer.finish) == ("a, b", Finish("length", "m"))
    usage = only(Usage, answer.events)
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens) == (9, 2, 4)


async def test_a_middle_that_breaks_off_is_garbled(http: Http) -> None:
    async with playing(completions(sse('{"content": "a"}'), "/infill")) as server:
        with pytest.raises(Garbled, match="stop"):
            await collect(OpenAI("m", "llama.cpp", base_url=server, http=http).complete(MIDDLE))


async def test_llama_cpp_goes_on_with_a_text_at_the_usual_url(http: Http) -> None:
    async with playing(completions()) as server:
        await collect(OpenAI("m", "llama.cpp", base_url=server, http=http).complete(ASKED))
    assert server.asked[0].path == "/v1/completions"


async def test_mistral_is_asked_and_answers_in_its_own_words(http: Http) -> None:
    delta = {"index": 0, "delta": {"content": "a, b"}, "finish_reason": "stop"}
    reply = sse(json.dumps({"choices": [delta]}), "[DONE]")
    async with playing(completions(reply, "/v1/fim/completions")) as server:
        model = OpenAI("codestral-latest", "mistral", base_url=f"{server}/v1", http=http)
        answer = await collect(model.complete(MIDDLE))
    body = body_of(server)
    assert (body["suffix"], body["random_seed"], body["max_tokens"]) == ("return", 3, 16)
    assert {"seed", "top_k", "stream_options"}.isdisjoint(body)
    assert answer.text == "a, b"


async def test_deepseek_is_asked_beside_its_api(http: Http) -> None:
    async with playing(completions(path="/beta/completions")) as server:
        model = OpenAI("deepseek-chat", "deepseek", base_url=f"{server}/v1", http=http)
        assert (await collect(model.complete(MIDDLE))).text == "a + b"


async def test_a_model_that_fills_in_no_middle_says_so(http: Http) -> None:
    refusal = {"error": {"code": 501, "message": "Infill is not supported by this model: ..."}}
    async with playing(completions(answers(refusal, 501), "/infill")) as server:
        with pytest.raises(Rejected, match="cannot fill in the middle"):
            await collect(OpenAI("m", "llama.cpp", base_url=server, http=http).complete(MIDDLE))


# ---------------------------------------------------------------- embeddings

TEXTS = Texts(("one", "two"))


def vectors(*found: Any, **usage: int) -> Routes:
    data = [{"index": place, "embedding": vector} for place, vector in found]
    body = {"data": data, **({"usage": usage} if usage else {})}
    return {("POST", "/v1/embeddings"): answers(body)}


async def test_embeds_in_the_order_of_the_texts(http: Http) -> None:
    async with playing(vectors((1, [0.0, 1.0]), (0, [1.0, 0.0]), prompt_tokens=2)) as server:
        model = OpenAI("m", "vllm", base_url=server, http=http)
        made = await model.embed(TEXTS)
    assert isinstance(model, Embedder)
    assert body_of(server) == {"model": "m", "input": ["one", "two"], "encoding_format": "float"}
    assert made.vectors == ((1.0, 0.0), (0.0, 1.0))
    usage = made.usage
    assert (usage.model, usage.input_tokens, usage.estimated) == ("m", 2, False)
    assert (usage.where, usage.cost_usd) == (Clearance.MACHINE, 0)


async def test_tokens_that_nobody_counted_are_estimated_and_priced(http: Http) -> None:
    async with playing(vectors((0, [1.0]), (1, [1.0]))) as server:
        price = Price(1_000_000.0 / 10, 0.0)
        made = await OpenAI("m", base_url=server, price=price, http=http).embed(TEXTS)
    assert made.usage.estimated
    assert made.usage.cost_usd == pytest.approx(made.usage.input_tokens / 10)


@pytest.mark.parametrize(
    "found",
    [
        (),
        ((0, [1.0]),),
        ((0, [1.0]), (1, [1.0, 2.0])),
        ((0, []), (1, [])),
        ((0, [1.0]), (0, [1.0])),
    ],
)
async def test_vectors_that_are_not_one_for_each_text_are_garbled(
    http: Http, found: tuple[Any, ...]
) -> None:
    async with playing(vectors(*found)) as server:
        with pytest.raises(Garbled, match="2 texts were to be embedded"):
            await OpenAI("m", base_url=server, http=http).embed(TEXTS)


async def test_what_is_no_number_is_garbled(http: Http) -> None:
    async with playing(vectors((0, [None]), (1, [1.0]))) as server:
        with pytest.raises(Garbled):
            await OpenAI("m", base_url=server, http=http).embed(TEXTS)


async def test_a_server_that_does_not_read_dimensions_is_told(http: Http) -> None:
    async with playing(vectors((0, [1.0, 2.0]), (1, [1.0, 2.0]))) as server:
        with pytest.raises(Rejected, match="vectors of 2 numbers, not 1"):
            await OpenAI("m", base_url=server, http=http).embed(Texts(TEXTS.texts, 1))
    assert body_of(server)["dimensions"] == 1


@pytest.mark.parametrize(
    ("status", "message", "error"),
    [
        (400, "This model's maximum context length is 8192 tokens", TooLong),
        (500, "input (402 tokens) is too large to process. increase the ...", TooLong),
        (501, "This server does not support embeddings. Start it with ...", Rejected),
        (404, "not found", ModelMissing),
    ],
)
async def test_refusals_are_told_apart(
    http: Http, status: int, message: str, error: type[Exception]
) -> None:
    reply = answers({"error": {"message": message}}, status)
    async with playing({("POST", "/v1/embeddings"): reply}) as server:
        with pytest.raises(error):
            await OpenAI("m", base_url=server, http=http).embed(TEXTS)


async def test_clearance_deadline_and_budget_hold_for_texts_too(http: Http) -> None:
    with pytest.raises(Forbidden):
        await OpenAI("m", base_url="http://192.0.2.1/v1", http=http).embed(TEXTS)
    async with playing(vectors((0, [1.0]), (1, [1.0]))) as server:
        dear = OpenAI("m", base_url=server, price=Price(100_000.0, 0.0), http=http)
        with pytest.raises(OverBudget):
            await dear.embed(Texts(TEXTS.texts, budget_usd=0.0001))
        with pytest.raises(TimedOut):
            await dear.embed(Texts(TEXTS.texts, deadline=0.0))
        with pytest.raises(OverBudget):
            await collect(dear.complete(Completion("hi there", budget_usd=0.0001)))
        assert server.asked == []


# ---------------------------------------------------------------- a real server


async def test_a_real_llama_cpp_server_does_both(http: Http) -> None:
    from homeward.backends.child import Plan
    from homeward.box import path

    plan = Plan(path("code"), 256, 1, 1)
    async with Llamas() as llamas, llamas.borrow(plan) as child:
        model = OpenAI("m", "llama.cpp", child.address, child.api_key, http=http)
        answer = await collect(model.complete(Completion("def add(a, b):\n    return")))
        assert answer.usage[0].estimated is False
        with pytest.raises(Rejected, match="cannot fill in the middle"):
            await collect(model.complete(MIDDLE))
        with pytest.raises(Rejected, match="does not support embeddings"):
            await model.embed(TEXTS)
    assert answer.text
