"""What is kept of a request whose contents are wanted."""

from typing import Any

import msgspec
import pytest

from homeward.backends.scripted import Scripted
from homeward.gateway.answers.kept import models_by_label, replies
from homeward.model import Assigned, Candidate, Event, Request
from homeward.store.records import Past, Reply
from homeward.strategies.cascade import Cascade
from homeward.strategies.fallback import Fallback
from tests.gateway.running import Running, running

MODELS = """
models:
  a: {scripted: {says: "42", model: model-a}}
  b: {scripted: {says: "41", model: model-b}}
  c: {scripted: {says: "It is 42.", model: model-c}}
  council: {ensemble: {models: [a, b, c], merge: {vote: {type: number}}}}
  ladder: {cascade: {drafts: [a], final: b, accept: {agreement: {with: {c: c}, type: number}}}}
  broken: {fallback: [{scripted: {fails: it broke, model: model-x}}, b]}
  silent: {scripted: {says: [], model: model-s}}
  both: {ensemble: {models: [a, b], merge: concat}}
"""
QUESTION: dict[str, Any] = {"messages": [{"role": "user", "content": "What is 17 + 25?"}]}


async def kept(gateway: Running, model: str, **headers: str) -> Past:
    """The newest of the history, after a question to this model."""
    body = QUESTION | {"model": model}
    await gateway.ask("POST", "/v1/chat/completions", body, headers)
    await gateway.gateway.journal.flush()
    return [past async for past in gateway.gateway.ledger.history()][-1]


async def said(model: str) -> dict[str, Reply]:
    async with running(MODELS, keep_contents=True) as gateway:
        past = await kept(gateway, model)
    assert past.contents is not None
    return {reply.model: reply for reply in past.contents.candidates}


async def test_one_models_answer_is_kept_under_its_name_in_bills() -> None:
    assert await said("a") == {"model-a": Reply("model-a", "42", kept=True)}


async def test_of_a_panel_each_models_answer_is_kept() -> None:
    found = await said("council")
    texts = {name: (reply.label, reply.text) for name, reply in found.items()}
    assert texts == {
        "model-a": ("a", "42"),
        "model-b": ("b", "41"),
        "model-c": ("c", "It is 42."),
    }
    assert found["model-c"].extracted == "42"


async def test_of_a_cascade_drafts_and_checkers_are_kept() -> None:
    assert set(await said("ladder")) == {"model-a", "model-c"}


async def test_of_a_fallback_only_who_answered_is_kept() -> None:
    assert set(await said("broken")) == {"model-b"}


async def test_words_of_no_single_model_are_nobodys() -> None:
    async with running(MODELS, keep_contents=True) as gateway:
        past = await kept(gateway, "both")
    assert past.contents is not None
    assert set(past.contents.answer) >= {"4", "2", "1"}
    assert {reply.model for reply in past.contents.candidates} == {"model-a", "model-b"}


async def test_an_answer_without_words_is_none() -> None:
    assert await said("silent") == {}


async def test_the_request_comes_back_as_it_was() -> None:
    async with running(MODELS, keep_contents=True) as gateway:
        past = await kept(gateway, "a")
    assert past.contents is not None
    request = msgspec.convert(past.contents.request, Request)
    assert request.prompt == "What is 17 + 25?"
    assert request.trace == past.entry.id


async def test_without_being_asked_nothing_is_kept() -> None:
    async with running(MODELS) as gateway:
        assert (await kept(gateway, "council")).contents is None


async def test_one_request_may_ask_for_it() -> None:
    async with running(MODELS) as gateway:
        past = await kept(gateway, "council", **{"x-homeward-keep": "true"})
    assert past.contents is not None


@pytest.mark.parametrize("settings", [{"keep_contents": True}, {}])
async def test_an_experiments_arm_is_in_the_entry(settings: dict[str, Any]) -> None:
    async with running(MODELS, **settings) as gateway:
        said: list[str | Event | Exception] = [
            Assigned("trial", "new", "c0ffee"),
            Assigned("inner", "old", "1"),
            "yes",
        ]
        route = gateway.gateway.routes["a"]
        route.model = Scripted(says=said, model="model-a")
        route.passages["openai_chat"] = None
        entry = (await kept(gateway, "a")).entry
    assert (entry.experiment, entry.arm, entry.conversation) == ("trial", "new", "c0ffee")


async def test_without_an_experiment_there_is_no_arm() -> None:
    async with running(MODELS) as gateway:
        entry = (await kept(gateway, "a")).entry
    assert (entry.experiment, entry.arm, entry.conversation) == ("", "", "")


# ---------------------------------------------------------------- by label

A, B = Scripted(model="model-a"), Scripted(model="model-b")


def test_a_label_is_the_end_of_an_edge() -> None:
    found = models_by_label(Fallback({"a": A, "qwen2.5": B}))
    assert (found["a"], found["qwen2.5"]) == ("model-a", "model-b")


def test_a_child_of_several_models_has_no_name_in_bills() -> None:
    assert "inner" not in models_by_label(Fallback({"inner": Fallback({"a": A, "b": B})}))


def test_a_label_of_two_models_names_neither() -> None:
    tree = Fallback({"x": Fallback({"same": A}), "y": Fallback({"same": B})})
    assert "same" not in models_by_label(tree)


def test_checkers_have_labels_too() -> None:
    from homeward.signals.agreement import Agreement
    from homeward.signals.numbers import Number

    tree = Cascade({"a": A}, B, Agreement({"second": B}, Number()))
    assert models_by_label(tree)["second"] == "model-b"


def test_the_answer_that_was_kept_comes_before_an_earlier_one() -> None:
    candidates = [Candidate("vote", "a", "1"), Candidate("vote", "a", "2", kept=True)]
    assert replies(candidates, {})["a"].text == "2"


def test_what_failed_is_no_answer() -> None:
    assert replies([Candidate("vote", "a", "half", error="it broke")], {}) == {}
