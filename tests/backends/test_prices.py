"""What calls cost, and what is not asked because it costs too much."""

import subprocess
import sys
from collections.abc import Mapping
from contextlib import aclosing
from datetime import UTC, date, datetime
from typing import Any

import pytest
from genai_prices import Usage as Counted
from genai_prices import calc_price
from genai_prices.data_snapshot import get_snapshot
from genai_prices.types import TimeOfDateConstraint
from jsonschema import Draft202012Validator

from homeward.backends.anthropic import Anthropic
from homeward.backends.meter import Meter
from homeward.backends.ollama import Ollama
from homeward.backends.openai import OpenAI
from homeward.backends.presets import PRESETS
from homeward.backends.prices import (
    HALF_HOUR,
    PROVIDERS,
    Listed,
    Price,
    Priced,
    price_of,
    prices_dated,
    prices_source,
)
from homeward.backends.replicate import Replicate
from homeward.backends.scripted import Scripted
from homeward.backends.watsonx import Watsonx
from homeward.config import WrongFile, parse, schema
from homeward.errors import ConfigError, Failed, ModelError, OverBudget
from homeward.model import (
    Call,
    Clearance,
    Event,
    Model,
    Request,
    Text,
    Usage,
    collect,
    unbilled,
)
from tests.backends.leaves import only, until_failure
from tests.backends.servers import Reply, playing, sse

CHAT = ("POST", "/v1/chat/completions")
ASKED = Request.of("How much is it?", clearance=Clearance.MACHINE)
PRICE = Price(input=2.5, output=10, cached=1.25)
WATSONX = "https://us-south.ml.cloud.ibm.com"


def answer(prompt: int, said: int, cached: int = 0) -> Reply:
    return sse(
        '{"choices": [{"index": 0, "delta": {"content": "Much."}}]}',
        '{"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}',
        f'{{"choices": [], "usage": {{"prompt_tokens": {prompt}, "completion_tokens": {said}, '
        f'"prompt_tokens_details": {{"cached_tokens": {cached}}}}}}}',
        "[DONE]",
    )


async def bill(model: Model, request: Request = ASKED) -> Usage:
    return only(Usage, (await collect(model.chat(request))).events)


# ---------------------------------------------------------------- prices


def test_a_price_is_for_a_million_tokens_and_kept_tokens_are_cheaper() -> None:
    assert PRICE.usd(1_000_000, 100_000) == pytest.approx(3.5)
    assert PRICE.usd(1_000_000, 100_000, 400_000) == pytest.approx(3.0)


def test_kept_tokens_cost_as_much_as_others_where_nothing_else_is_said() -> None:
    assert Price(2, 4).usd(10, 1, 9) == Price(2, 4).usd(10, 1)


@pytest.mark.parametrize("wrong", [-1, float("nan"), float("inf"), 1e9])
def test_an_impossible_price_is_refused(wrong: float) -> None:
    with pytest.raises(ConfigError, match="for a million tokens"):
        Price(wrong, 1)


@pytest.mark.parametrize(
    ("service", "model"),
    [
        ("openai", "gpt-5.2"),
        ("anthropic", "claude-sonnet-4-5"),
        ("gemini", "gemini-2.5-pro"),
        ("gemini", "models/gemini-2.5-pro"),
        ("groq", "llama-3.1-8b-instant"),
        ("deepseek", "deepseek-chat"),
        ("mistral", "mistral-large-latest"),
        ("xai", "grok-4"),
        ("openrouter", "openai/gpt-5.2"),
    ],
)
@pytest.mark.parametrize("tokens", [(1000, 50, 0), (1000, 50, 600), (300_000, 2000, 100_000)])
def test_the_list_is_read_as_its_own_package_reads_it(
    service: str, model: str, tokens: tuple[int, int, int]
) -> None:
    asked, said, cached = tokens
    price = price_of(service, model)
    assert price is not None
    theirs = calc_price(
        Counted(input_tokens=asked, output_tokens=said, cache_read_tokens=cached),
        model.removeprefix("models/"),
        provider_id=PROVIDERS[service],
    )
    assert price.usd(asked, said, cached) == pytest.approx(float(theirs.total_price), rel=1e-9)


def test_a_long_prompt_raises_the_price_of_the_whole_call() -> None:
    price = price_of("gemini", "gemini-2.5-pro")
    assert price is not None
    assert price.usd(200_001, 0) > 1.9 * price.usd(200_000, 0)


def test_a_price_changes_with_the_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    price = price_of("deepseek", "deepseek-chat")
    assert price is not None
    costs = set()
    for hour in (3, 20):
        at = datetime(2026, 11, 21, hour, tzinfo=UTC).timestamp()
        monkeypatch.setattr("homeward.backends.prices.time.time", lambda at=at: at)
        costs.add(price.usd(1000, 1000))
    assert len(costs) == 2


def test_listed_prices_change_at_half_hours_only() -> None:
    moments = {
        moment
        for provider in get_snapshot().providers
        for model in provider.models
        if isinstance(model.prices, list)
        for price in model.prices
        if isinstance(price.constraint, TimeOfDateConstraint)
        for moment in (price.constraint.start_time, price.constraint.end_time)
    }
    seconds = [moment.hour * 3600 + moment.minute * 60 + moment.second for moment in moments]
    assert seconds
    assert all(each % HALF_HOUR == 0 for each in seconds)


@pytest.mark.parametrize("model", ["a-model-of-my-own", "whisper-large-v3"])
def test_what_is_not_listed_by_the_token_has_no_price(model: str) -> None:
    assert price_of("groq", model) is None


def test_what_is_listed_as_free_costs_nothing() -> None:
    price = price_of("openrouter", "qwen/qwen3-coder:free")
    assert price is not None
    assert price.usd(10**6, 10**6) == 0


def test_every_provider_is_one_of_ours_and_one_of_the_list() -> None:
    assert PROVIDERS.keys() - PRESETS.keys() == {"anthropic"}
    assert set(PROVIDERS.values()) <= {provider.id for provider in get_snapshot().providers}


def test_the_list_says_how_old_it_is() -> None:
    assert date(2026, 1, 1) < prices_dated() <= datetime.now(UTC).date()
    assert prices_source().startswith("genai-prices 0.")


def test_only_hosted_models_load_the_list() -> None:
    program = (
        "import sys\n"
        "from homeward.backends.openai import OpenAI\n"
        "OpenAI('m', 'vllm').priced()\n"
        "assert 'genai_prices' not in sys.modules\n"
        "OpenAI('gpt-5.2').priced()\n"
        "assert 'genai_prices' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=180)


# ---------------------------------------------------------------- leaves


@pytest.mark.parametrize(
    "leaf",
    [
        OpenAI("gpt-5.2"),
        OpenAI("gpt-5.2", base_url="https://api.openai.com/v1"),
        OpenAI("llama-3.1-8b-instant", "groq"),
        Anthropic("claude-sonnet-4-5"),
    ],
)
def test_a_hosted_model_has_its_services_price(leaf: Priced) -> None:
    assert isinstance(leaf.priced(), Listed)


@pytest.mark.parametrize(
    "leaf",
    [
        OpenAI("gpt-5.2", "vllm"),
        OpenAI("gpt-5.2", base_url="http://127.0.0.1:9/v1"),
        OpenAI("gpt-5.2", base_url="https://resold.example/v1"),
        OpenAI("deepseek-ai/DeepSeek-V3", "baseten", deployment="abc123"),
        Anthropic("claude-sonnet-4-5", base_url="https://resold.example"),
        Ollama("qwen3:4b"),
        Watsonx("ibm/granite-4-h-small", WATSONX, project_id="p"),
        Replicate("meta/meta-llama-3-8b-instruct"),
    ],
)
def test_no_other_server_has_a_listed_price(leaf: Priced) -> None:
    assert leaf.priced() is None


@pytest.mark.parametrize(
    "leaf",
    [
        OpenAI("gpt-5.2", price=PRICE),
        OpenAI("m", "vllm", price=PRICE),
        Anthropic("claude-sonnet-4-5", price=PRICE),
        Ollama("qwen3:4b", price=PRICE),
        Watsonx("ibm/granite-4-h-small", WATSONX, project_id="p", price=PRICE),
        Replicate("meta/meta-llama-3-8b-instruct", price=PRICE),
    ],
)
def test_a_price_of_ones_own_goes_first(leaf: Priced) -> None:
    assert leaf.priced() == PRICE


def test_a_passage_has_the_price_of_its_leaf() -> None:
    leaf = OpenAI("m", base_url="http://127.0.0.1:9/v1", price=PRICE, api_key="k")
    passage = leaf.passage("openai_chat")
    assert passage is not None
    assert passage.price == PRICE


async def test_a_bill_is_price_times_tokens() -> None:
    async with playing({CHAT: answer(1000, 20, cached=400)}) as server:
        leaf = OpenAI("m", "vllm", base_url=f"{server}/v1", price=PRICE)
        usd = (await bill(leaf)).cost_usd
    assert usd == pytest.approx((600 * 2.5 + 400 * 1.25 + 20 * 10) / 1e6)


async def test_what_stays_at_home_is_free() -> None:
    async with playing({CHAT: answer(1000, 20)}) as server:
        assert (await bill(OpenAI("m", "vllm", base_url=f"{server}/v1"))).cost_usd == 0.0


async def test_what_goes_out_without_a_price_is_not_known() -> None:
    assert (await bill(Scripted("Far away.", where=Clearance.WORLD))).cost_usd is None


async def test_a_call_costs_what_the_place_costs_that_it_really_went_to() -> None:
    async with playing({CHAT: answer(1000, 20)}) as server:
        leaf = OpenAI("m", "vllm", base_url=f"{server}/v1", where=Clearance.WORLD)
        answered = (await collect(leaf.chat(ASKED))).events
    assert only(Call, answered).where is Clearance.WORLD
    assert only(Usage, answered).cost_usd == 0.0


async def test_a_refused_question_costs_nothing() -> None:
    async with playing({CHAT: Reply(b"{}", status=500)}) as server:
        leaf = OpenAI("m", "vllm", base_url=f"{server}/v1", price=PRICE)
        assert only(Usage, await until_failure(leaf, ASKED)).cost_usd == 0.0


async def test_an_answer_that_broke_off_costs_what_was_said() -> None:
    class Dear(Scripted):
        async def chat(self, request: Request) -> Any:
            async with aclosing(Meter("m", price=PRICE).read(self._play(request), request)) as it:
                async for event in it:
                    yield event

    usage = only(Usage, await until_failure(Dear(("a", "b", Failed("gone"))), ASKED))
    assert usage.cost_usd == pytest.approx(PRICE.usd(usage.input_tokens, 2))


async def test_a_call_that_was_left_is_billed_for_what_was_heard() -> None:
    async with playing({CHAT: answer(1000, 20)}) as server:
        leaf = OpenAI("m", "vllm", base_url=f"{server}/v1", price=PRICE)
        heard: list[Event] = []
        async with aclosing(leaf.chat(ASKED)) as events:
            async for event in events:
                heard.append(event)
                if isinstance(event, Text):
                    break
    [usage] = unbilled(heard)
    assert usage.cost_usd == pytest.approx(PRICE.usd(usage.input_tokens, 1))


# ---------------------------------------------------------------- budgets


async def refusal(model: Model, request: Request) -> tuple[str, list[Event]]:
    """The sentence of OverBudget, and what came before it."""
    before: list[Event] = []
    try:
        async for event in model.chat(request):
            before.append(event)  # noqa: PERF401  what came before the failure is kept
    except OverBudget as error:
        return str(error), before
    raise AssertionError("it was asked")


async def test_a_budget_that_does_not_pay_for_the_worst_case_asks_nobody() -> None:
    async with playing({CHAT: answer(10, 1)}) as server:
        leaf = OpenAI("m", "vllm", base_url=f"{server}/v1", price=PRICE)
        sentence, before = await refusal(leaf, ASKED.with_(budget_usd=0.0001))
        assert server.asked == []
    assert "m may cost $0.0" in sentence
    assert before == []


async def test_an_empty_budget_says_what_still_answers() -> None:
    leaf = OpenAI("m", "vllm", base_url="http://127.0.0.1:9/v1", price=PRICE)
    sentence, _ = await refusal(leaf, ASKED.with_(budget_usd=0.0))
    assert sentence == (
        "the budget is used up, and m costs money: ask a model that costs nothing, or raise the "
        "budget"
    )


async def test_a_limit_on_the_answer_lowers_the_worst_case() -> None:
    async with playing({CHAT: answer(10, 1)}) as server:
        leaf = OpenAI("m", "vllm", base_url=f"{server}/v1", price=PRICE)
        assert (await bill(leaf, ASKED.with_(budget_usd=0.001).sampled(max_tokens=50))).cost_usd


async def test_what_costs_nothing_answers_on_an_empty_budget() -> None:
    assert (await bill(Scripted("Free."), ASKED.with_(budget_usd=0.0))).cost_usd == 0.0


async def test_what_has_no_known_price_is_not_asked_on_a_budget() -> None:
    far = Scripted("Far away.", where=Clearance.WORLD, model="far")
    sentence, _ = await refusal(far, ASKED.with_(budget_usd=100.0))
    assert sentence == (
        "what far costs is not known, so it is not asked on a budget: set its `price`"
    )


def test_over_budget_is_for_a_parent_to_handle() -> None:
    assert issubclass(OverBudget, ModelError)


# ---------------------------------------------------------------- in a file


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("openai", {}),
        ("vllm", {}),
        ("anthropic", {}),
        ("ollama", {}),
        ("watsonx", {"url": WATSONX, "project_id": "p"}),
        ("replicate", {"model": "a/b"}),
    ],
)
async def test_a_file_may_say_a_price(kind: str, fields: Mapping[str, str]) -> None:
    said = {"model": "m", **fields, "price": {"input": 2.5, "output": 10, "cached": 1.25}}
    async with parse(f"models: {{it: {{{kind}: {said}}}}}").open() as models:
        leaf = models["it"]
    assert isinstance(leaf, Priced)
    assert leaf.priced() == PRICE


@pytest.mark.parametrize(
    ("price", "says"),
    [
        ("{input: 2.5}", "`price` needs the field `output`"),
        ("{input: 2.5, out: 10}", "`price` has no field `out`"),
        ("{input: -1, output: 10}", "input is -1"),
        ("cheap", "cheap"),
    ],
)
def test_a_wrong_price_is_told_with_its_line(price: str, says: str) -> None:
    with pytest.raises(WrongFile) as raised:
        parse(f"models:\n  it:\n    ollama:\n      model: m\n      price: {price}\n")
    assert says in str(raised.value)
    assert ":5:" in str(raised.value)


def test_editors_are_told_of_a_price() -> None:
    leaf = {"model": "m", "price": {"input": 2.5, "output": 10}}
    validator = Draft202012Validator(schema())
    assert validator.is_valid({"models": {"it": {"groq": leaf}}})
    assert not validator.is_valid({"models": {"it": {"groq": {**leaf, "price": {"input": 1}}}}})
