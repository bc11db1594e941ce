"""Connections whose clients do not keep to what is usual."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from homeward.gateway import incoming
from tests.contract import PATIENCE
from tests.gateway.running import Running, running

ECHO = "models: {a: {echo: {}}}"
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1\r\n"
BODY = json.dumps({"model": "a", "messages": [{"role": "user", "content": "hi"}]}).encode()
SECOND = b"GET /healthz HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@asynccontextmanager
async def connected(gateway: Running) -> AsyncGenerator[Streams]:
    reader, writer = await asyncio.open_connection("127.0.0.1", int(gateway.url.rpartition(":")[2]))
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """All that comes; a connection that is reset has nothing more."""
    data = b""
    try:
        async with asyncio.timeout(PATIENCE):
            while piece := await reader.read(65536):
                data += piece
    except ConnectionError:
        pass
    return data


def length(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n" % len(body)


@pytest.mark.parametrize(
    "start",
    [
        b"GET / HTTP/1.1\r\nX-One: ",
        b"GET /",
        HEAD + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nX-Behind: ",
    ],
    ids=["header", "path", "trailer"],
)
async def test_a_head_without_an_end_is_not_kept(start: bytes) -> None:
    async with running(ECHO) as gateway, connected(gateway) as (reader, writer):
        writer.write(start)
        sent = 0
        while not writer.transport.is_closing() and sent < 64:
            writer.write(b"a" * 2**20)
            sent += 1
            await asyncio.sleep(0.001)
            try:
                await writer.drain()
            except ConnectionError:
                break
        await until_closed(reader)
        assert sent < 64


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n", b"\r\n"])
async def test_who_sends_no_whole_head_is_not_waited_for_long(
    said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incoming, "HEAD", 0.05)
    async with running(ECHO) as gateway, connected(gateway) as (reader, writer):
        writer.write(said)
        assert await until_closed(reader) == b""


async def test_who_sends_no_second_head_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running(ECHO) as gateway, connected(gateway) as (reader, writer):
        writer.write(SECOND)
        assert b"HTTP/1.1 200" in await reader.readuntil(b"}")
        monkeypatch.setattr(incoming, "HEAD", 0.05)
        writer.write(b"\r\n")
        assert b"HTTP/1.1" not in await until_closed(reader)


async def test_who_sends_no_whole_body_is_not_waited_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(incoming, "BODY", 0.05)
    async with running(ECHO) as gateway, connected(gateway) as (reader, writer):
        writer.write(HEAD + length(BODY) + BODY[:-1])
        assert await until_closed(reader) == b""


async def test_a_long_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incoming, "HEAD", 0.5)
    monkeypatch.setattr(incoming, "BODY", 0.5)
    slow = "models: {a: {scripted: {says: hello, after: 0.8}}}"
    async with running(slow) as gateway:
        assert (await gateway.ask("POST", "/v1/chat/completions", BODY)).status == 200


async def test_what_comes_behind_a_change_of_protocol_is_the_body() -> None:
    async with running(ECHO) as gateway, connected(gateway) as (reader, writer):
        changes = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"
        writer.write(HEAD + changes + length(SECOND))
        await asyncio.sleep(0.02)
        writer.write(SECOND)
        await asyncio.sleep(0.02)
        writer.write_eof()
        assert (await reader.read(65536)).count(b"HTTP/1.1 ") == 1


async def test_a_client_that_would_change_the_protocol_is_answered_in_this_one() -> None:
    async with running(ECHO) as gateway, connected(gateway) as (reader, writer):
        writer.write(HEAD + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + length(BODY) + BODY)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_a_field_behind_a_body_is_none_of_the_head() -> None:
    async with running(ECHO) as gateway, connected(gateway) as (reader, writer):
        chunks = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n" % (len(BODY), BODY)
        writer.write(HEAD + chunks + b"Origin: https://evil.example.com\r\n\r\n")
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")


async def test_of_requests_in_a_row_the_first_ends_with_its_client() -> None:
    says = ", ".join(["word"] * 1000)
    async with running(f"models: {{a: {{scripted: {{says: [{says}], every: 0.01}}}}}}") as gateway:
        body = BODY[:-1] + b', "stream": true}'
        async with connected(gateway) as (reader, writer):
            writer.write((HEAD + length(body) + body) * 2)
            await reader.read(1000)
        counts = gateway.gateway.metrics.routes["a"]
        async with asyncio.timeout(PATIENCE):
            while counts.running:  # noqa: ASYNC110  nobody tells when it has ended
                await asyncio.sleep(0.01)
    assert [outcome for _, outcome, _ in counts.requests] == ["cancelled"]
