"""Our own URLs: what was decided, what would be, what people thought of it, and are we well?"""

import asyncio
import time
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias
from urllib.parse import parse_qsl

from msgspec import Meta, Struct, ValidationError, convert, json
from msgspec.structs import replace

from homeward.errors import Rejected
from homeward.gateway.accounting.keyring import Caller
from homeward.gateway.answers.dialects import ANTHROPIC, OLLAMA_CHAT, OPENAI_CHAT, OPENAI_RESPONSES
from homeward.gateway.answers.marks import described
from homeward.gateway.answers.wishes import wishes_of, without_block
from homeward.gateway.exchange import TEXT, Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.refused import Refused
from homeward.model import Request, Seconds, estimated_tokens
from homeward.store.experiments import SHADOW_ID
from homeward.store.protocols import StoreDown
from homeward.store.records import Entry, Feedback
from homeward.wire.asked import Asked
from homeward.wire.fields import Fields, shown

if TYPE_CHECKING:
    from homeward.explain import Step

DIALECTS = {each.name: each for each in (OPENAI_CHAT, OPENAI_RESPONSES, ANTHROPIC, OLLAMA_CHAT)}
PATIENCE: Seconds = 0.9  # with a store: whoever asks whether we are ready waits a second at most

# ---------------------------------------------------------------- are we well?


async def healthz(gateway: Gateway, exchange: Exchange) -> None:
    """It lives, or this would not be answered."""
    await exchange.reply(200, b'{"status":"ok"}')


async def readyz(gateway: Gateway, exchange: Exchange) -> None:
    """200 when there are routes and the store answers, else 503. Answered within a second."""
    if not gateway.routes:
        raise Refused(503, "there are no routes: write some under `models:`")
    try:
        async with asyncio.timeout(PATIENCE):
            await gateway.ledger.entries(limit=1)
    except (StoreDown, TimeoutError):
        raise Refused(503, "the store does not answer: see serve.database") from None
    await exchange.reply(200, b'{"status":"ready"}')


async def metrics(gateway: Gateway, exchange: Exchange) -> None:
    """For Prometheus: in OpenMetrics' form where the scraper takes it, else in the plain one."""
    from homeward.gateway.urls.exposition import exposition  # with prometheus_client

    text, content_type = exposition(gateway, exchange.caller, exchange.header(b"accept"))
    await exchange.reply(200, text, content_type.encode())


# ---------------------------------------------------------------- what was decided


async def decisions(gateway: Gateway, exchange: Exchange) -> None:
    """What was decided for one of the caller's last requests."""
    found = gateway.decisions.find(request_id(exchange.tail))
    if found is None or not is_theirs(found[0], exchange.caller):
        raise nothing_known(exchange.tail)
    await exchange.reply(200, json.encode(described(*found)))


def request_id(text: str) -> str:
    """A request's id from an answer's: ``chatcmpl-ID``, ``msg_ID`` ...; a shadow's has its end."""
    end = SHADOW_ID if text.endswith(SHADOW_ID) else ""
    return text.removesuffix(end).rpartition("-")[2].rpartition("_")[2] + end


def is_theirs(entry: Entry, caller: Caller) -> bool:
    """Whether this caller asked it, or may see what everybody asked."""
    return caller.key.admin or entry.key == caller.key.id


def nothing_known(request: str) -> Refused:
    """The same words for what is not there and for what is somebody else's."""
    return Refused(
        404,
        f"no request {shown(request)!r} of this key is known: the last ones are, by x-homeward-id",
    )


# ---------------------------------------------------------------- what would be


async def explain(gateway: Gateway, exchange: Exchange) -> None:
    """The plan for a chat body of any dialect, or for ``{"model", "prompt"}``. Asks no model."""
    from homeward.explain import explain as plan_of  # with every strategy: not for the start

    asked = question(exchange, await exchange.body(gateway.settings.largest_body))
    caller = exchange.caller
    route = gateway.route(caller, asked.model)
    clearance = wishes_of(exchange, asked.request.extra).within(gateway.reach(caller))
    request = without_block(asked.request).with_(
        clearance=clearance, tenant=caller.key.tenant or caller.key.id, trace=exchange.id
    )
    plan = await plan_of(route.model, request, route.name)
    if not (caller.key.admin or gateway.keyring.is_open):
        plan = without_settings(plan)
    if b"text/plain" in exchange.headers.get(b"accept", b""):
        await exchange.reply(200, "\n".join([*drawn(plan), ""]).encode(), TEXT)
        return
    body = {
        "route": route.name,
        "clearance": clearance.name.lower(),
        "input_tokens": estimated_tokens(request),
        "plan": plan,
    }
    await exchange.reply(200, json.encode(body))


def question(exchange: Exchange, body: bytes) -> Asked:
    """What is asked, in the ``dialect`` that the query or the body names (OpenAI's chat)."""
    fields = Fields.of(body)
    query = dict(parse_qsl(exchange.query.decode("latin-1")))
    name = fields.take("dialect", str) or query.get("dialect", OPENAI_CHAT.name)
    if name not in DIALECTS:
        raise Rejected(f"`dialect` is {shown(name)!r}: say one of {', '.join(DIALECTS)}")
    if "prompt" in fields.rest:
        model = fields.take("model", str) or ""
        return Asked(model, False, Request.of(fields.need("prompt", str), extra=fields.rest))
    return DIALECTS[name].decode_request(json.encode(fields.rest))


def without_settings(step: "Step") -> "Step":
    """Whom a route would ask is for its callers to know; where they live is for an admin."""
    return replace(step, about={}, children=tuple(map(without_settings, step.children)))


def drawn(step: "Step", before: str = "", below: str = "") -> list[str]:
    """The plan as a tree, a line for each node: ● asked, ○ perhaps, · not."""
    about = ", ".join(f"{name} {shown(value)}" for name, value in step.about.items())
    words = [f"{step.mark} {step.edge}", step.kind, about, step.because]
    lines = [before + "  ".join(filter(None, words))]
    for place, child in enumerate(step.children, 1):
        last = place == len(step.children)
        lines += drawn(
            child, below + ("└─ " if last else "├─ "), below + ("   " if last else "│  ")
        )
    return lines


# ---------------------------------------------------------------- what people thought of it

Rating: TypeAlias = Annotated[float, Meta(ge=-1, le=1)] | Literal["up", "down"]
RATINGS = {"up": 1.0, "down": -1.0}


class Said(Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    rating: Rating
    comment: Annotated[str, Meta(max_length=4000)] = ""


async def feedback(gateway: Gateway, exchange: Exchange) -> None:
    """A rating of one of the caller's own requests, into the ledger."""
    try:
        fields = Fields.of(await exchange.body(gateway.settings.largest_body))
        said = convert(fields.rest, Said)
    except ValidationError as error:
        raise Rejected(f"the feedback cannot be read: {error}") from None
    rating = RATINGS.get(said.rating, 0.0) if isinstance(said.rating, str) else said.rating
    word = Feedback(request_id(said.id), float(rating), said.comment, time.time())
    try:
        async with asyncio.timeout(5 * PATIENCE):
            known = await _is_known(gateway, word.id, exchange.caller)
            kept = known and await gateway.ledger.add_feedback(word)
    except (StoreDown, TimeoutError):
        raise Refused(503, "the ledger does not answer: send the feedback again later") from None
    if not kept:
        raise nothing_known(said.id)
    await exchange.reply(200, json.encode({"id": word.id, "rating": word.rating}))


async def _is_known(gateway: Gateway, request: str, caller: Caller) -> bool:
    """Whether it is the caller's, and in the ledger by now."""
    if (found := gateway.decisions.find(request)) is not None:
        if is_theirs(found[0], caller):
            await gateway.journal.flush()
        return is_theirs(found[0], caller)
    entry = await gateway.ledger.entry(request)
    return entry is not None and is_theirs(entry, caller)
