import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from msgspec.structs import replace

from homeward.errors import HomewardError
from homeward.gateway.experiments import Experimenting
from homeward.learn.experiment.report import status
from homeward.store.experiments import SHADOW_ID, ExperimentTables, Plan
from homeward.store.protocols import StoreDown
from homeward.store.records import Entry
from tests.gateway.running import Answered, Running, running

FILE = """
models:
  auto: {scripted: {says: control}}
  next: {scripted: {says: treatment}}
  judge: {scripted: {says: T}}
  far: {openai: {model: m, base_url: 'http://192.0.2.1/v1'}}
  broken: {scripted: {says: half, fails: boom}}
default: auto
"""
PLAN = Plan("trial", "auto", "next", 0.5, measure="errors", salt="s")
SHADOW = replace(PLAN, shadow=True, share=1.0)


@dataclass(frozen=True)
class Trial:
    gateway: Running
    experimenting: Experimenting

    async def ask(self, words: str = "hello", **fields: Any) -> Answered:
        body = {"model": "auto", "messages": [{"role": "user", "content": words}], **fields}
        answered = await self.gateway.ask("POST", "/v1/chat/completions", body)
        await self.experimenting.background.settled()
        return answered

    async def said(self, words: str = "hello", **fields: Any) -> str:
        answered = await self.ask(words, **fields)
        return str(answered.json["choices"][0]["message"]["content"])

    async def entries(self) -> dict[str, Entry]:
        """By id, without the letters before it."""
        await self.gateway.gateway.journal.flush()
        return {entry.id: entry for entry in await self.gateway.gateway.ledger.entries()}


@asynccontextmanager
async def trial(*plans: Plan, file: str = FILE, **settings: Any) -> AsyncGenerator[Trial]:
    """A gateway with these experiments in its store."""
    async with running(file, **settings) as gateway:
        experimenting = gateway.gateway.experimenting
        assert experimenting is not None
        for plan in plans:
            await experimenting.store.put_plan(plan)
        await experimenting.refresh()
        yield Trial(gateway, experimenting)


async def test_both_arms_answer() -> None:
    async with trial(PLAN) as it:
        assert {await it.said(str(n)) for n in range(20)} == {"control", "treatment"}


async def test_a_conversation_keeps_its_arm() -> None:
    async with trial(PLAN) as it:
        for n in range(10):
            first = await it.said(str(n))
            turns = [
                {"role": "user", "content": str(n)},
                {"role": "assistant", "content": first},
                {"role": "user", "content": "go on"},
            ]
            assert await it.said(messages=turns) == first


async def test_the_ledger_has_the_arm() -> None:
    async with trial(PLAN) as it:
        said = {await it.said(str(n)) for n in range(20)}
        entries = (await it.entries()).values()
        assert {entry.arm for entry in entries} == said
        assert {(entry.experiment, entry.route) for entry in entries} == {("trial", "auto")}
        assert len({entry.conversation for entry in entries}) == 20


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/chat/completions", {"messages": [{"role": "user", "content": "hi"}]}),
        ("/v1/messages", {"messages": [{"role": "user", "content": "hi"}], "max_tokens": 9}),
        ("/v1/responses", {"input": "hi"}),
        ("/api/chat", {"messages": [{"role": "user", "content": "hi"}]}),
        ("/api/generate", {"prompt": "hi"}),
    ],
)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_dialect_is_in_it(path: str, body: dict[str, Any], stream: bool) -> None:  # noqa: FBT001
    async with trial(PLAN) as it:
        answered = await it.gateway.ask("POST", path, {"model": "auto", "stream": stream, **body})
        assert answered.status == 200
        [entry] = (await it.entries()).values()
        assert entry.experiment == "trial"


async def test_bytes_are_not_passed_on_around_it() -> None:
    """A route that is one leaf of the client's dialect passes bytes on, but for this."""
    leaf = "{openai: {model: m, base_url: 'http://127.0.0.1:9/v1'}}"
    async with trial(PLAN, file=f"models: {{auto: {leaf}, next: {leaf}}}") as it:
        assert it.gateway.gateway.routes["auto"].passage("openai_chat") is None
        it.experimenting.replace([])
        assert it.gateway.gateway.routes["auto"].passage("openai_chat") is not None


async def test_one_that_is_stopped_leaves_the_route_as_it_was() -> None:
    async with trial(PLAN) as it:
        await it.experimenting.store.put_plan(replace(PLAN, stopped=time.time()))
        await it.experimenting.refresh()
        assert {await it.said(str(n)) for n in range(20)} == {"control"}


async def test_one_that_is_started_is_found() -> None:
    async with trial() as it:
        own = it.gateway.gateway.routes["auto"]
        await it.experimenting.store.put_plan(PLAN)
        await it.experimenting.refresh()
        assert it.gateway.gateway.routes["auto"] is not own


async def test_a_store_that_is_down_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(_: object) -> list[Plan]:
        raise StoreDown("down")

    async with trial(PLAN) as it:
        experiment = it.gateway.gateway.routes["auto"]
        monkeypatch.setattr(ExperimentTables, "plans", down)
        await it.experimenting.refresh()
        assert it.gateway.gateway.routes["auto"] is experiment
        assert it.experimenting.trouble.is_on


async def test_one_without_its_route_does_not_run(caplog: pytest.LogCaptureFixture) -> None:
    async with trial(replace(PLAN, against="gone")) as it:
        assert await it.said() == "control"
    assert "no route gone" in caplog.text


async def test_votes_touch_no_traffic() -> None:
    async with trial(replace(PLAN, measure="votes")) as it:
        assert {await it.said(str(n)) for n in range(20)} == {"control"}


async def test_a_route_that_was_taken_away_does_not_come_back() -> None:
    async with trial(PLAN) as it:
        del it.gateway.gateway.routes["auto"]
        it.experimenting.replace([])
        assert "auto" not in it.gateway.gateway.routes


async def test_of_two_on_one_route_the_earlier_runs() -> None:
    later = replace(PLAN, name="later", against="broken", started=9.0)
    async with trial(later, PLAN) as it:
        assert {await it.said(str(n)) for n in range(20)} == {"control", "treatment"}


async def test_a_treatment_cannot_leak() -> None:
    """The clearance of a request holds whatever answers it."""
    async with trial(replace(PLAN, against="far")) as it:
        headers = {"x-homeward-clearance": "machine"}
        for n in range(20):
            body = {"model": "auto", "messages": [{"role": "user", "content": str(n)}]}
            answered = await it.gateway.ask("POST", "/v1/chat/completions", body, headers)
            assert answered.status in (200, 403)
        entries = (await it.entries()).values()
        assert {entry.arm: entry.error for entry in entries} == {
            "control": "",
            "treatment": "Forbidden",
        }


# ---------------------------------------------------------------- shadows


async def test_a_shadow_is_billed_to_its_own_route() -> None:
    async with trial(SHADOW) as it:
        assert await it.said() == "control"
        entries = await it.entries()
        [own] = [entry for entry in entries.values() if entry.route == "auto"]
        shadow = entries[own.id + SHADOW_ID]
        assert (shadow.route, shadow.arm, shadow.experiment) == ("next", "treatment", "trial")
        assert (own.arm, own.conversation) == ("control", shadow.conversation)
        assert shadow.output_tokens > 0
        assert shadow.key == ""


async def test_a_shadow_that_fails_is_in_the_ledger() -> None:
    async with trial(replace(SHADOW, against="broken")) as it:
        assert (await it.ask()).status == 200
        failed = [entry for entry in (await it.entries()).values() if entry.arm == "treatment"]
        assert [(entry.outcome, entry.error) for entry in failed] == [("failed", "Failed")]


async def test_pairs_become_a_status() -> None:
    async with trial(replace(SHADOW, against="broken")) as it:
        for n in range(30):
            await it.ask(str(n))
        await it.entries()
        store = it.experimenting.store
        found = status(SHADOW, await store.observations("trial"), await store.votes("trial"))
        assert found.verdict.call == "worse"


async def test_a_judge_votes_on_each_pair() -> None:
    plan = replace(SHADOW, measure="judge", judge="judge")
    async with trial(plan) as it:
        await it.ask()
        await it.experimenting.keep_votes()
        [vote] = await it.experimenting.store.votes("trial")
        entries = await it.entries()
        assert (vote.by, vote.choice) == ("judge", "tie")
        assert {entry.route for entry in entries.values()} == {"auto", "next", "judge"}
        assert entries[vote.pair].route == "auto"


async def test_a_judge_that_fails_is_billed_and_has_no_vote() -> None:
    plan = replace(SHADOW, measure="judge", judge="broken")
    async with trial(plan) as it:
        await it.ask()
        await it.experimenting.keep_votes()
        assert await it.experimenting.store.votes("trial") == []
        [judged] = [e for e in (await it.entries()).values() if e.route == "broken"]
        assert judged.outcome == "failed"


async def test_votes_that_the_store_did_not_take_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    async def down(*_: object) -> None:
        raise StoreDown("down")

    async with trial(replace(SHADOW, measure="judge", judge="judge")) as it:
        await it.ask()
        with monkeypatch.context() as patch:
            patch.setattr(ExperimentTables, "add_votes", down)
            with pytest.raises(HomewardError):
                await it.experimenting.keep_votes()
        await it.experimenting.keep_votes()
        assert len(await it.experimenting.store.votes("trial")) == 1


async def test_contents_of_a_shadow_are_kept_where_contents_are() -> None:
    async with trial(SHADOW, keep_contents=True) as it:
        await it.ask()
        await it.entries()
        kept = [past async for past in it.gateway.gateway.ledger.history()]
        assert {past.contents.answer for past in kept if past.contents is not None} == {
            "control",
            "treatment",
        }
