"""kill -9 in the middle of work: what was acknowledged is in the ledger, once."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from homeward.backends.http import Http
from homeward.errors import ModelError
from homeward.gateway.accounting.windows import NANO
from homeward.model import Clearance
from homeward.store.records import Key, Limit, hashed, new_secret
from homeward.store.sqlite import Sqlite
from tests.backends.servers import Asked, Reply, answers, playing, sse
from tests.contract import PATIENCE
from tests.gateway.running import running

CLIENTS = 16
BUDGET = 5.0
CONFIG = """
models:
  priced: {{openai: {{model: m, base_url: "{url}/v1", price: {{input: 1.1, output: 2.7}}}}}}
"""
CHUNK = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}


def reply(asked: Asked) -> Reply:
    """Answers of different cost, whole or streamed as they were asked for."""
    tokens = len(asked.body) % 7 + 3
    usage = {"prompt_tokens": 11, "completion_tokens": tokens, "total_tokens": 11 + tokens}
    message = {"role": "assistant", "content": "hi"}
    if not asked.json.get("stream"):
        choice = {"index": 0, "finish_reason": "stop", "message": message}
        return answers({**CHUNK, "object": "chat.completion", "choices": [choice], "usage": usage})
    choices = [{"index": 0, "delta": message, "finish_reason": None}]
    end = [{"index": 0, "delta": {}, "finish_reason": "stop"}]
    frames: list[dict[str, Any]] = [
        {"choices": choices},
        {"choices": end},
        {"choices": [], "usage": usage},
    ]
    return sse(*(json.dumps(CHUNK | frame) for frame in frames), "[DONE]")


@asynccontextmanager
async def served(config: Path) -> AsyncGenerator[tuple[str, asyncio.subprocess.Process]]:
    """`homeward serve`, as a program."""
    command = (sys.executable, "-m", "homeward", "serve", "--config", str(config))
    program = await asyncio.create_subprocess_exec(
        *command, "--port", "0", "--json", stdout=asyncio.subprocess.PIPE, env=dict(os.environ)
    )
    assert program.stdout is not None
    try:
        async with asyncio.timeout(2 * PATIENCE):
            yield json.loads(await program.stdout.readline())["url"], program
    finally:
        if program.returncode is None:
            program.kill()
        await program.wait()


class Clients:
    """They ask until the gateway is gone. ``acknowledged`` are ids of answers that came whole."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url = url
        self.headers = headers
        self.acknowledged: list[str] = []
        self.asked = 0

    async def ask(self, http: Http, number: int) -> None:
        while True:
            self.asked += 1
            words = "x" * (self.asked % 50)
            body = {"model": "priced", "messages": [{"role": "user", "content": words}]}
            data = json.dumps({**body, "stream": number % 2 == 0, "max_completion_tokens": 20})
            try:
                async with http.send(
                    "POST",
                    self.url,
                    "/v1/chat/completions",
                    headers=self.headers,
                    body=data.encode(),
                    clearance=Clearance.MACHINE,
                ) as response:
                    known_as = response.headers["x-homeward-id"]
                    await response.read()
            except ModelError:
                return
            self.acknowledged.append(known_as)


@pytest.fixture(params=["alone", "with others"])
def shared(request: pytest.FixtureRequest) -> str:
    """What the file says of shared limits."""
    if request.param == "alone":
        return ""
    return f"serve: {{shared: '{request.getfixturevalue('redis_url')}'}}"


@pytest.mark.parametrize("answered", [40, 500])
async def test_what_was_acknowledged_before_a_kill_is_in_the_ledger_once(
    home: Path, tmp_path: Path, shared: str, answered: int
) -> None:
    key_id, secret = new_secret()
    async with Sqlite(home / "homeward.db") as keys:
        await keys.put_key(
            Key(key_id, hashed(secret), limits=(Limit("usd", "month", BUDGET),), name="a")
        )
    headers = {"authorization": f"Bearer {secret}"}
    async with playing({("POST", "/v1/chat/completions"): reply}) as server, Http() as http:
        text = CONFIG.format(url=server) + shared
        (tmp_path / "homeward.yaml").write_text(text)
        async with served(tmp_path / "homeward.yaml") as (url, program):
            clients = Clients(url, headers)
            asking = [asyncio.create_task(clients.ask(http, n)) for n in range(CLIENTS)]
            while len(clients.acknowledged) < answered:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            program.send_signal(signal.SIGKILL)
            await asyncio.gather(*asking)
        async with running(text) as gateway:
            [account] = gateway.gateway.keyring.accounts
            [bound] = account.bounds()
            entries = await gateway.gateway.ledger.entries(limit=100_000)
    ids = [entry.id for entry in entries]
    assert len(set(ids)) == len(ids)
    assert set(clients.acknowledged) <= set(ids)
    assert len(ids) - len(clients.acknowledged) <= CLIENTS  # those that were on their way
    assert bound.taken == round(sum(entry.cost_usd or 0.0 for entry in entries) * NANO)
