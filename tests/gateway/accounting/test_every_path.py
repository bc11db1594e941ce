"""Whatever becomes of requests, they end in one entry each, and all books say the same."""

import asyncio
import json
import random
from collections import Counter
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pytest

from homeward.gateway.accounting.windows import NANO, USD
from homeward.gateway.gateway import Gateway
from homeward.store.records import Entry, Limit
from homeward.store.sqlite import Sqlite
from tests.backends.servers import Server, playing
from tests.contract import PATIENCE
from tests.gateway.accounting.many_models import ASKED, HANG, UPSTREAM, configuration
from tests.gateway.answers.test_answering import until
from tests.gateway.running import Running, running
from tests.gateway.standing import key

# ---------------------------------------------------------------- clients

HELLO = [{"role": "user", "content": "How good is this, of 10?"}]
FORMS: Mapping[str, Mapping[str, Any]] = {
    "/v1/chat/completions": {"messages": HELLO},
    "/v1/messages": {"messages": HELLO, "max_tokens": 9},
    "/v1/responses": {"input": "How good is this?"},
    "/v1/completions": {"prompt": "How good"},
    "/v1/fim/completions": {"prompt": "How ", "suffix": " is this?"},
    "/v1/embeddings": {"input": "How good"},
    "/api/chat": {"messages": HELLO},
    "/api/generate": {"prompt": "How good?"},
    "/api/embed": {"input": "How good"},
}
LOADS: Mapping[str, Any] = {"messages": []}


@dataclass(frozen=True)
class Wish:
    """``reads`` is how much of the answer a client reads before it hangs up: bytes, or None for
    all of it.
    """

    path: str
    body: Mapping[str, Any]
    name: str
    reads: int | None
    headers: tuple[tuple[str, str], ...] = ()


MONTH = Limit("usd", "month", 1000)
KEYS: Mapping[str, Mapping[str, Any]] = {
    "rich": {"limits": (MONTH,)},
    "broke": {"limits": (Limit("usd", "month", 0),)},
    "few": {"limits": (MONTH,), "at_once": 2},
    "short": {"limits": (MONTH, Limit("tokens", "month", 20_000))},
}
AT_ONCE = 24


def wishes(seed: int, routes: list[str]) -> Iterator[Wish]:
    """Every form to every route."""
    draw = random.Random(seed)
    pairs = [(path, route) for path in FORMS for route in routes]
    draw.shuffle(pairs)
    for path, route in pairs:
        form = LOADS if path == "/api/chat" and draw.random() < 0.2 else FORMS[path]
        body = {"model": route, "stream": draw.random() < 0.5, **form}
        more = {"x-homeward-explain": "true"} if draw.random() < 0.2 else {}
        if draw.random() < 0.1:
            more["x-homeward-deadline"] = "0.05"
        waits = draw.choice([None, None, 0, 400])
        yield Wish(path, body, draw.choice(list(KEYS)), waits, tuple(more.items()))


def patience(wish: Wish) -> float:
    """Seconds. Whoever wants a whole answer waits for it, from a model that will give one."""
    if wish.reads == 0:
        return 0.02
    return 0.5 if wish.body["model"] in HANG else PATIENCE


async def ask(gateway: Running, wish: Wish, secret: str) -> bytes:
    """What came of the answer until the client left."""
    data = json.dumps(wish.body).encode()
    pairs = [("host", "127.0.0.1"), ("authorization", f"Bearer {secret}"), *wish.headers]
    pairs += [("content-length", str(len(data))), ("connection", "close")]
    head = "".join(f"{name}: {value}\r\n" for name, value in pairs)
    port = int(gateway.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"POST {wish.path} HTTP/1.1\r\n{head}\r\n".encode() + data)
    heard = b""
    with suppress(TimeoutError, ConnectionError):
        async with asyncio.timeout(patience(wish)):
            while not wish.reads or len(heard) < wish.reads:
                piece = await reader.read(4096)
                if not piece:
                    break
                heard += piece
    writer.close()
    return heard


# ---------------------------------------------------------------- books

Sums: TypeAlias = tuple[int, int, int]
"""Requests, tokens and billionths of a dollar."""


@dataclass(frozen=True)
class After:
    """A gateway that has nothing more to do."""

    gateway: Gateway
    server: Server
    entries: list[Entry]

    def spent(self) -> dict[str, Sums]:
        """By key, as the accounts know."""
        bounds = [account.bounds()[0] for account in self.gateway.keyring.accounts]
        return {each.key: (*each.span.taken,) for each in bounds}  # type: ignore[misc]

    def written(self) -> dict[str, Sums]:
        """By key, as the ledger knows."""
        sums = {account.key.id: (0, 0, 0) for account in self.gateway.keyring.accounts}
        for entry in self.entries:
            requests, tokens, nanos = sums[entry.key]
            usd = round((entry.cost_usd or 0.0) * NANO)
            sums[entry.key] = requests + 1, tokens + entry.tokens, nanos + usd
        return sums

    def measured(self) -> Sums:
        """Of all keys, as the metrics know."""
        routes = self.gateway.metrics.routes.values()
        taken = [each for counts in routes for each in counts.taken.values()]
        usd = sum(each.usd for each in taken) + sum(each.electricity_usd for each in routes)
        return (
            sum(n for counts in routes for n in counts.requests.values()),
            sum(each.input + each.output for each in taken),
            round(usd * NANO),
        )


@asynccontextmanager
async def after(seed: int, home: Path) -> AsyncGenerator[After]:
    """Whatever clients can wish for was asked, by many at once."""
    secrets = {}
    async with Sqlite(home / "homeward.db") as store:
        for name, fields in KEYS.items():
            made, secrets[name] = key(name, **fields)
            await store.put_key(made)
    settings: dict[str, Any] = {"kwh_usd": 0.3, "watts": 100.0, "at_once": {"narrow": 1}}
    async with (
        playing(UPSTREAM) as server,
        running(configuration(server), **settings) as asked,
    ):
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(wish: Wish) -> None:
            async with gate:
                await ask(asked, wish, secrets[wish.name])

        gateway = asked.gateway
        await asyncio.gather(*(one(wish) for wish in wishes(seed, list(gateway.routes))))
        await until(lambda: not any(c.running for c in gateway.metrics.routes.values()))
        await gateway.journal.flush()
        yield After(gateway, server, await gateway.ledger.entries(limit=100_000))


@pytest.mark.parametrize("seed", [1, 2])
async def test_whatever_becomes_of_requests_all_books_agree(home: Path, seed: int) -> None:
    async with after(seed, home) as now:
        gateway, entries = now.gateway, now.entries
        outcomes = Counter(entry.outcome for entry in entries)
        assert set(outcomes) == {"finished", "failed", "cancelled"}
        assert len({entry.id for entry in entries}) == len(entries)
        assert now.spent() == now.written()
        sums = [sum(each) for each in zip(*now.written().values(), strict=True)]
        requests, tokens, nanos = now.measured()
        assert [requests, tokens] == sums[:USD]
        assert abs(nanos - sums[USD]) <= len(entries)  # each was rounded
        assert not any(account.running for account in gateway.keyring.accounts)
        assert not any(row.running or row.waiting for row in gateway.traffic.snapshot())
        assert not gateway.journal.unwritten
        assert all(gateway.decisions.find(entry.id) for entry in entries)


@pytest.mark.parametrize("seed", [3])
async def test_what_a_server_was_asked_is_in_the_books(home: Path, seed: int) -> None:
    async with after(seed, home) as now:
        calls = Counter(call.model for entry in now.entries for call in entry.calls)
        bodies = [asked.json for asked in now.server.asked if asked.path in ASKED]
        sent = Counter(body["model"] for body in bodies if body.get("messages") != [])
        assert not sent - calls
        counted = {
            round((call.cost_usd or 0.0) * NANO)
            for entry in now.entries
            for call in entry.calls
            if (call.model, call.input_tokens, call.estimated) == ("good", 20, False)
        }
        assert counted == {(12 * 1000 + 8 * 500 + 2 * 2000)}
