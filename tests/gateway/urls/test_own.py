"""Our own URLs."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from homeward.explain import Step
from homeward.gateway.urls.own import drawn, request_id, without_settings
from homeward.store.protocols import StoreDown
from tests.backends.servers import NEVER
from tests.gateway.running import Answered, running
from tests.gateway.standing import Standing, key, standing

MODELS = """
models:
  auto:
    router: {by: {rules: {code: [python]}}, code: coder, else: small}
  coder: {scripted: {says: "x = 1", model: coder}}
  small: {scripted: {says: yes, model: small}}
  council: {ensemble: {models: [coder, small], merge: {vote: {type: label}}}}
  down: {scripted: {fails: it broke}}
"""
QUESTION: dict[str, Any] = {"messages": [{"role": "user", "content": "write some python"}]}


@pytest.fixture(scope="module")
def house() -> Iterator[Standing]:
    keys = [key("one"), key("two"), key("admin", admin=True), key("few", models=("small",))]
    with standing(MODELS, *keys) as gateway:
        yield gateway


def ask(
    house: Standing, name: str, method: str, path: str, body: Any = None, **more: str
) -> Answered:
    headers = {"authorization": f"Bearer {house.keys[name]}", **more}
    return house.ask(method, path, body, headers)


def answered(house: Standing, name: str, model: str) -> Answered:
    return ask(house, name, "POST", "/v1/chat/completions", QUESTION | {"model": model})


# ---------------------------------------------------------------- decisions


def test_whoever_asked_is_told_what_was_decided(house: Standing) -> None:
    reply = answered(house, "one", "auto")
    found = ask(house, "one", "GET", f"/homeward/decisions/{reply.headers['x-homeward-id']}")
    assert found.status == 200
    told = found.json
    assert (told["route"], told["model"], told["where"]) == ("auto", "coder", "machine")
    assert [call["model"] for call in told["calls"]] == ["coder"]
    assert told["decisions"][0]["chose"] == "code"


def test_the_id_in_the_body_will_do(house: Standing) -> None:
    reply = answered(house, "one", "small")
    found = ask(house, "one", "GET", f"/homeward/decisions/{reply.json['id']}")
    assert (found.status, found.json["id"]) == (200, reply.headers["x-homeward-id"])


def test_what_failed_can_be_looked_up_too(house: Standing) -> None:
    reply = answered(house, "one", "down")
    assert reply.status == 502
    id_ = reply.headers["x-request-id"]
    told = ask(house, "one", "GET", f"/homeward/decisions/{id_}").json
    assert (told["outcome"], told["status"], told["error"]) == ("failed", 502, "Failed")


def test_somebody_elses_request_is_as_unknown_as_none(house: Standing) -> None:
    mine = answered(house, "one", "auto").headers["x-homeward-id"]
    theirs = ask(house, "two", "GET", f"/homeward/decisions/{mine}")
    none = ask(house, "two", "GET", "/homeward/decisions/nothing")
    assert (theirs.status, none.status) == (404, 404)
    assert theirs.body.replace(mine.encode(), b"ID") == none.body.replace(b"nothing", b"ID")


def test_an_admin_is_told_of_everybodys(house: Standing) -> None:
    mine = answered(house, "one", "auto").headers["x-homeward-id"]
    assert ask(house, "admin", "GET", f"/homeward/decisions/{mine}").status == 200


def test_what_was_said_is_not_in_it(house: Standing) -> None:
    mine = answered(house, "one", "council").headers["x-homeward-id"]
    found = ask(house, "one", "GET", f"/homeward/decisions/{mine}")
    assert [each["text"] for each in found.json["candidates"]] == ["", ""]
    assert b"python" not in found.body


def test_in_an_open_house_everybody_is_the_same_caller() -> None:
    with standing(MODELS) as gateway:
        reply = gateway.ask("POST", "/v1/chat/completions", QUESTION | {"model": "small"})
        found = gateway.ask("GET", f"/homeward/decisions/{reply.headers['x-homeward-id']}")
        assert found.status == 200


@pytest.mark.parametrize("text", ["a1", "chatcmpl-a1", "msg_a1", "resp_a1"])
def test_an_answers_id_holds_the_requests(text: str) -> None:
    assert request_id(text) == "a1"


def test_a_shadow_has_an_id_of_its_own() -> None:
    assert request_id("chatcmpl-a1-shadow") == "a1-shadow"


# ---------------------------------------------------------------- explain

BODIES: dict[str, dict[str, Any]] = {
    "openai_chat": QUESTION,
    "openai_responses": {"input": "write some python"},
    "anthropic_messages": QUESTION | {"max_tokens": 5},
    "ollama": QUESTION,
}


@pytest.mark.parametrize("dialect", BODIES)
@pytest.mark.parametrize("where", ["query", "field"])
def test_a_body_of_any_dialect_is_explained(house: Standing, dialect: str, where: str) -> None:
    body = BODIES[dialect] | {"model": "auto"}
    path = "/homeward/explain"
    if where == "query":
        path += f"?dialect={dialect}"
    else:
        body = body | {"dialect": dialect}
    before = house.asked()
    told = ask(house, "one", "POST", path, body).json
    assert (told["route"], told["clearance"]) == ("auto", "world")
    steps = {step["edge"]: step["walked"] for step in told["plan"]["children"]}
    assert steps == {"routes.code": "yes", "else": "no"}
    assert house.asked() == before


def test_a_prompt_alone_is_explained(house: Standing) -> None:
    told = ask(house, "one", "POST", "/homeward/explain", {"model": "auto", "prompt": "hi"}).json
    assert {step["edge"]: step["walked"] for step in told["plan"]["children"]}["else"] == "yes"


def test_a_plan_can_be_drawn(house: Standing) -> None:
    body = {"model": "auto", "prompt": "python"}
    reply = ask(house, "one", "POST", "/homeward/explain", body, accept="text/plain")
    assert reply.headers["content-type"] == "text/plain; charset=utf-8"
    nodes = [line.split("  ")[0] for line in reply.body.decode().splitlines()]
    assert nodes == ["● auto", "├─ ● routes.code", "└─ · else"]


def test_a_tree_is_drawn_with_its_branches() -> None:
    leaf = Step("b", "echo", "no")
    tree = Step(
        "a", "fallback", "yes", "asked", {"x": "1"}, (Step("c", "d", "yes", "", {}, (leaf,)), leaf)
    )
    assert drawn(tree) == [
        "● a  fallback  x 1  asked",
        "├─ ● c  d",
        "│  └─ · b  echo",
        "└─ · b  echo",
    ]


def test_settings_of_models_are_told_to_admins_alone(house: Standing) -> None:
    body = {"model": "small", "prompt": "hi"}
    assert ask(house, "admin", "POST", "/homeward/explain", body).json["plan"]["about"]
    assert ask(house, "one", "POST", "/homeward/explain", body).json["plan"]["about"] == {}


def test_settings_are_taken_out_of_every_step() -> None:
    tree = Step("a", "b", "yes", "", {"x": "1"}, (Step("c", "d", "yes", "", {"y": "2"}),))
    assert without_settings(tree) == Step("a", "b", "yes", children=(Step("c", "d", "yes"),))


@pytest.mark.parametrize(
    "body",
    [
        {"model": "auto"},
        {"model": "auto", "prompt": 3},
        {"model": "auto", "prompt": "hi", "dialect": "latin"},
        {"model": "auto", "prompt": "hi", "homeward": {"colour": 1}},
        [],
        b"{",
    ],
)
def test_a_question_that_cannot_be_read_is_refused(house: Standing, body: Any) -> None:
    assert ask(house, "one", "POST", "/homeward/explain", body).status == 400


def test_a_clearance_that_is_wished_for_holds_in_the_plan(house: Standing) -> None:
    body = {"model": "auto", "prompt": "hi", "homeward": {"clearance": "machine"}}
    assert ask(house, "one", "POST", "/homeward/explain", body).json["clearance"] == "machine"


# ---------------------------------------------------------------- feedback


@pytest.mark.parametrize(("rating", "kept"), [("up", 1.0), ("down", -1.0), (0.5, 0.5), (0, 0.0)])
def test_a_rating_of_ones_own_request_is_kept(house: Standing, rating: Any, kept: float) -> None:
    id_ = answered(house, "one", "small").json["id"]
    body = {"id": id_, "rating": rating, "comment": "well done"}
    reply = ask(house, "one", "POST", "/homeward/feedback", body)
    assert (reply.status, reply.json["rating"]) == (200, kept)


def test_a_request_that_is_no_longer_in_memory_is_found_in_the_ledger(house: Standing) -> None:
    id_ = answered(house, "one", "small").headers["x-homeward-id"]
    ask(house, "one", "POST", "/homeward/feedback", {"id": id_, "rating": 1})  # now it is stored
    house.gateway.decisions._kept.clear()
    for name, status in (("one", 200), ("two", 404), ("admin", 200)):
        reply = ask(house, name, "POST", "/homeward/feedback", {"id": id_, "rating": 1})
        assert reply.status == status


def test_somebody_elses_request_cannot_be_rated(house: Standing) -> None:
    id_ = answered(house, "one", "small").headers["x-homeward-id"]
    theirs = ask(house, "two", "POST", "/homeward/feedback", {"id": id_, "rating": 1})
    none = ask(house, "two", "POST", "/homeward/feedback", {"id": "nothing", "rating": 1})
    assert (theirs.status, none.status) == (404, 404)
    assert theirs.body.replace(id_.encode(), b"ID") == none.body.replace(b"nothing", b"ID")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "a"},
        {"id": "a", "rating": "good"},
        {"id": "a", "rating": 1.5},
        {"id": "a", "rating": -2},
        {"id": "a", "rating": True},
        {"id": 1, "rating": 1},
        {"id": "a", "rating": 1, "comment": "x" * 4001},
        {"id": "a", "rating": 1, "user": "b"},
        b'{"id": "a", "rating": NaN}',
        b"",
    ],
)
def test_feedback_that_cannot_be_read_is_refused(house: Standing, body: Any) -> None:
    assert ask(house, "one", "POST", "/homeward/feedback", body).status == 400


# ---------------------------------------------------------------- health


def test_it_lives_and_is_ready(house: Standing) -> None:
    assert house.ask("GET", "/healthz").json == {"status": "ok"}
    assert house.ask("GET", "/readyz").json == {"status": "ready"}


class Down:
    """A ledger that does not answer: `waits` seconds, and then not at all."""

    def __init__(self, waits: float) -> None:
        self.waits = waits

    async def entry(self, _: str) -> None:
        await self.entries()

    async def entries(self, **_: object) -> None:
        await asyncio.sleep(self.waits)
        raise StoreDown("the connection was refused")


@pytest.mark.parametrize("waits", [0.0, NEVER])
async def test_without_its_store_it_lives_but_is_not_ready(
    waits: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(MODELS) as gateway:
        monkeypatch.setattr(gateway.gateway, "ledger", Down(waits))
        ready = await gateway.ask("GET", "/readyz")
        assert (ready.status, "serve.database" in ready.text) == (503, True)
        assert (await gateway.ask("GET", "/healthz")).status == 200


async def test_feedback_that_cannot_be_kept_is_to_be_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(MODELS) as gateway:
        monkeypatch.setattr(gateway.gateway, "ledger", Down(0.0))
        rated = await gateway.ask("POST", "/homeward/feedback", {"id": "a", "rating": 1})
        assert (rated.status, "again later" in rated.text) == (503, True)
