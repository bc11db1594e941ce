import asyncio
import os
import ssl
import sys
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from homeward.backends.http import Http, Response, Timeouts, borrowed
from homeward.errors import (
    ConfigError,
    Forbidden,
    Garbled,
    ModelError,
    TimedOut,
    Unreachable,
)
from homeward.model import Clearance
from tests.backends.servers import NEVER, Reply, Routes, answers, certificates, playing
from tests.contract import PATIENCE

HERE = Clearance.MACHINE
FAST = Timeouts(connect=PATIENCE, first_byte=0.05, idle=0.05)


async def get(http: Http, server: str, path: str = "/", **options: object) -> tuple[int, bytes]:
    given_: dict[str, object] = {"clearance": HERE, **options}
    async with http.send("GET", server, path, **given_) as response:  # type: ignore[arg-type]
        return response.status, await response.read()


def raw(*steps: bytes | float) -> Routes:
    return {("GET", "/"): Reply(steps, framing="raw")}


@pytest.fixture
async def http() -> AsyncGenerator[Http, None]:
    async with Http() as client:
        yield client


# ---------------------------------------------------------------- asking


async def test_sends_what_it_was_given(http: Http) -> None:
    async with (
        playing({("POST", "/v1/x"): answers({})}) as server,
        http.send(
            "POST", f"{server}/v1", "/x?a=1", headers={"X-Key": "k"}, body=b"{}", clearance=HERE
        ) as response,
    ):
        assert response.status == 200
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.body) == ("POST", "/v1/x?a=1", b"{}")
    assert asked.headers["x-key"] == "k"
    assert asked.headers["host"] == server.removeprefix("http://")
    assert asked.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
async def test_reads_a_body_however_its_end_is_known(http: Http, framing: str) -> None:
    reply = Reply((b"one ", 0.001, b"two"), framing=framing)  # type: ignore[arg-type]
    async with playing({("GET", "/"): reply}) as server:
        assert await get(http, server) == (200, b"one two")


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(st.lists(st.binary(max_size=300_000), max_size=4), st.sampled_from(["chunked", "length"]))
async def test_any_body_comes_whole(pieces: list[bytes], framing: str) -> None:
    reply = Reply(pieces, framing=framing)  # type: ignore[arg-type]
    async with playing({("GET", "/"): reply}) as server, Http() as client:
        assert (await get(client, server))[1] == b"".join(pieces)
        assert (await get(client, server))[1] == b"".join(pieces)
        assert server.connections == 1


async def test_gives_headers_in_lower_case_and_joins_those_that_come_twice(http: Http) -> None:
    reply = b"HTTP/1.1 200 OK\r\nX-One: a\r\nx-one: b\r\ncontent-length: 0\r\n\r\n"
    async with (
        playing(raw(reply)) as server,
        http.send("GET", server, "/", clearance=HERE) as response,
    ):
        assert response.headers["x-one"] == "a, b"


async def test_skips_interim_answers(http: Http) -> None:
    reply = (
        b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
    )
    async with (
        playing(raw(reply)) as server,
        http.send("GET", server, "/", clearance=HERE) as response,
    ):
        assert (response.status, await response.read()) == (200, b"ok")
        assert "link" not in response.headers


async def test_gives_a_redirect_back_instead_of_following_it(http: Http) -> None:
    async with playing({}) as elsewhere:
        moved = Reply(status=307, headers={"location": f"{elsewhere}/"}, framing="length")
        async with playing({("GET", "/"): moved}) as server:
            assert (await get(http, server))[0] == 307
    assert elsewhere.connections == 0


async def test_speaks_over_a_unix_socket(http: Http, tmp_path: Path) -> None:
    routes: Routes = {("GET", "/v1/models"): answers([1])}
    async with playing(routes, unix=tmp_path / "s.sock") as server:
        assert await get(http, server, "/v1/models") == (200, b"[1]")


async def test_a_header_with_a_line_break_is_refused_before_it_is_sent(http: Http) -> None:
    async with playing({}) as server:
        with pytest.raises(ConfigError, match="line break"):
            await get(http, server, headers={"authorization": "Bearer k\n"})
    assert server.connections == 0


@pytest.mark.parametrize("path", ["/a b", "/a\r\nx: y", "/ü"])
async def test_a_path_that_is_none_is_refused_before_it_is_sent(http: Http, path: str) -> None:
    with pytest.raises(ConfigError, match="no path"):
        await get(http, "http://127.0.0.1:1", path)


# ---------------------------------------------------------------- the pool


async def test_uses_one_connection_for_requests_one_after_another(http: Http) -> None:
    async with playing({("GET", "/"): answers({})}) as server:
        for _ in range(5):
            await get(http, server)
    assert (server.connections, len(server.asked)) == (1, 5)


async def test_requests_at_the_same_time_have_connections_of_their_own(http: Http) -> None:
    async with playing({("GET", "/"): Reply((0.01, b"x"))}) as server:
        assert await asyncio.gather(*(get(http, server) for _ in range(5))) == [(200, b"x")] * 5
        assert server.connections == 5


async def test_keeps_no_more_idle_connections_than_it_may() -> None:
    async with playing({("GET", "/"): Reply((0.01, b"x"))}) as server, Http(kept=2) as http:
        for _ in range(2):
            await asyncio.gather(*(get(http, server) for _ in range(4)))
    assert server.connections == 6


async def test_a_connection_idle_for_long_is_not_used() -> None:
    async with playing({("GET", "/"): answers({})}) as server, Http(kept_seconds=0) as http:
        await get(http, server)
        await get(http, server)
    assert server.connections == 2


async def test_a_connection_that_the_server_closed_in_secret_is_replaced(http: Http) -> None:
    closing = Reply(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", framing="raw")
    async with playing({("GET", "/"): closing}) as server:
        assert await get(http, server) == (200, b"ok")
        assert await get(http, server) == (200, b"ok")
    assert server.connections == 2


async def test_a_kept_connection_that_breaks_when_it_is_asked_is_replaced_once(http: Http) -> None:
    turns = iter([answers({}), Reply(cut=True, framing="raw"), answers({}), answers({})])
    async with playing({("GET", "/"): lambda _: next(turns)}) as server:
        assert await get(http, server) == (200, b"{}")
        assert await get(http, server) == (200, b"{}")
    assert (server.connections, len(server.asked)) == (2, 3)


async def test_a_fresh_connection_that_breaks_is_not_asked_again(http: Http) -> None:
    async with playing({("GET", "/"): Reply(framing="raw")}) as server:
        with pytest.raises(Garbled, match="cut off after 0 bytes"):
            await get(http, server)
    assert len(server.asked) == 1


async def test_an_answer_with_another_behind_it_is_not_mixed_with_it(http: Http) -> None:
    one = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none"
    async with playing(raw(one + one.replace(b"one", b"two"), NEVER)) as server:
        assert await get(http, server) == (200, b"one")
        assert await get(http, server) == (200, b"one")
        assert server.connections == 2


async def test_bytes_that_nobody_asked_for_end_an_idle_connection(http: Http) -> None:
    one = b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\none"
    async with playing(raw(one, 0.01, one.replace(b"one", b"two"), NEVER)) as server:
        assert await get(http, server) == (200, b"one")
        await server.until(lambda s: s.hung_up)
        assert await get(http, server) == (200, b"one")
        assert server.connections == 2


async def test_a_connection_that_leads_too_far_for_the_next_request_is_not_used(
    http: Http, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with playing({("GET", "/"): answers({})}) as server:
        monkeypatch.setattr("homeward.backends.egress.lies", lambda _: Clearance.NETWORK)
        await get(http, server, clearance=Clearance.NETWORK)
        with pytest.raises(Forbidden):
            await get(http, server, clearance=Clearance.MACHINE)
    assert len(server.asked) == 1


async def test_a_client_of_its_own_is_closed_and_a_borrowed_one_is_not() -> None:
    async with playing({("GET", "/"): answers({})}) as server, Http() as shared:
        for lent in (None, shared, shared):
            async with borrowed(lent) as http:
                await get(http, server)
    assert server.connections == 2


# ---------------------------------------------------------------- hanging up, waiting


async def test_leaving_in_mid_answer_is_seen_by_the_server(http: Http) -> None:
    async with playing({("GET", "/"): Reply((b"word", NEVER))}) as server:
        async with (
            http.send("GET", server, "/", clearance=HERE) as response,
            aclosing(response.chunks()) as chunks,
        ):
            assert await anext(chunks) == b"word"
        await server.until(lambda s: s.hung_up)


@pytest.mark.parametrize("said", [(), (b"word",)])
async def test_a_cancelled_reader_is_seen_by_the_server(
    http: Http, said: tuple[bytes, ...]
) -> None:
    async with playing({("GET", "/"): Reply((*said, NEVER))}) as server:
        reader = asyncio.create_task(get(http, server))
        await server.until(lambda s: s.asked)
        reader.cancel()
        with suppress(asyncio.CancelledError):
            await reader
        await server.until(lambda s: s.hung_up)


async def test_a_slow_reader_makes_the_server_wait(http: Http) -> None:
    piece, count = b"x" * 65536, 1000
    async with (
        playing({("GET", "/"): Reply([piece] * count)}) as server,
        http.send("GET", server, "/", clearance=HERE) as response,
    ):
        seen = -1
        while server.sent != seen:  # until the sender makes no more progress
            seen = server.sent
            await asyncio.sleep(0.05)
        assert server.sent < len(piece) * count
        assert len(await response.read()) == len(piece) * count


async def test_silence_before_the_answer_has_its_own_limit(http: Http) -> None:
    async with playing(raw(NEVER)) as server:
        with pytest.raises(TimedOut, match=r"said nothing for 0.05 s"):
            await get(http, server, timeouts=FAST)
        await server.until(lambda s: s.hung_up)


async def test_the_first_byte_of_the_body_may_take_as_long_as_the_head(http: Http) -> None:
    patient = Timeouts(first_byte=PATIENCE, idle=0.3)
    async with playing({("GET", "/"): Reply((0.4, b"slow"))}) as server:
        assert await get(http, server, timeouts=patient) == (200, b"slow")


async def test_silence_within_the_answer_has_its_own_limit(http: Http) -> None:
    impatient = Timeouts(first_byte=60.0, idle=0.02)
    async with playing({("GET", "/"): Reply((b"word", NEVER))}) as server:
        with pytest.raises(TimedOut, match=r"0.02 s"):
            await get(http, server, timeouts=impatient)


async def test_the_deadline_ends_an_answer_that_keeps_dripping(http: Http) -> None:
    async with playing({("GET", "/"): Reply([b"x", 0.005] * 1000)}) as server:
        with pytest.raises(TimedOut, match="deadline"):
            await get(http, server, deadline=time.monotonic() + 0.05)


async def test_a_deadline_that_has_passed_asks_nobody(http: Http) -> None:
    async with playing({}) as server:
        with pytest.raises(TimedOut, match="deadline"):
            await get(http, server, deadline=time.monotonic() - 1)
    assert server.connections == 0


# ---------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("framing", ["chunked", "length"])
async def test_a_body_that_is_cut_says_so_after_what_came(http: Http, framing: str) -> None:
    head = b"HTTP/1.1 200 OK\r\n"
    body = b"transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"
    if framing == "length":
        body = b"content-length: 10\r\n\r\nhalf"
    heard: list[bytes] = []

    async def listen(response: Response) -> None:
        async with aclosing(response.chunks()) as chunks:
            async for data in chunks:
                heard.append(data)  # noqa: PERF401  what came before the cut is wanted

    async with (
        playing(raw(head + body)) as server,
        http.send("GET", server, "/", clearance=HERE) as response,
    ):
        with pytest.raises(Garbled, match="cut off"):
            await listen(response)
    assert b"".join(heard) == b"half"


@pytest.mark.parametrize(
    "reply",
    [
        b"\x00\x01\x02 nonsense",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 70_000,
        b"HTTP/1.1 100 Continue\r\n\r\n" * 4000,
    ],
)
async def test_what_is_not_http_is_garbled(http: Http, reply: bytes) -> None:
    async with playing(raw(reply, NEVER)) as server:
        with pytest.raises(Garbled, match=str(server)):
            await get(http, server)


@settings(deadline=None, max_examples=50, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=200))
async def test_any_bytes_are_an_answer_or_a_model_error(noise: bytes) -> None:
    async with playing(raw(noise)) as server, Http() as client:
        with suppress(ModelError):
            await get(client, server)


async def test_a_body_longer_than_the_reader_allows_is_not_read_on(http: Http) -> None:
    async with (
        playing({("GET", "/"): Reply([b"x" * 65536] * 1000)}) as server,
        http.send("GET", server, "/", clearance=HERE) as response,
    ):
        with pytest.raises(Garbled, match="longer than 1000 bytes"):
            await response.read(1000)
    assert server.sent < 65536 * 1000


async def test_a_refused_connection_asks_whether_the_server_runs(http: Http) -> None:
    async with playing({}) as server:
        pass
    with pytest.raises(Unreachable, match=rf"^nothing answers at {server} \(connection refused\)"):
        await get(http, server)


async def test_a_missing_socket_asks_whether_the_server_runs(http: Http, tmp_path: Path) -> None:
    with pytest.raises(Unreachable, match="is the server running"):
        await get(http, f"unix://{tmp_path}/none.sock")


# ---------------------------------------------------------------- certificates


async def test_a_certificate_that_holds_is_accepted() -> None:
    papers = certificates()
    async with (
        playing({("GET", "/"): answers({})}, tls=papers.server) as server,
        Http(tls=papers.client) as http,
    ):
        assert await get(http, server) == (200, b"{}")


async def test_a_certificate_by_an_unknown_authority_names_the_way_out() -> None:
    papers = certificates()
    async with (
        playing({("GET", "/"): answers({})}, tls=papers.server) as server,
        Http(tls=papers.stranger) as http,
    ):
        with pytest.raises(Unreachable, match=r"does not hold .*issuer.*SSL_CERT_FILE"):
            await get(http, server)
    assert server.asked == []


async def test_a_certificate_for_another_name_does_not_hold() -> None:
    papers = certificates("elsewhere.test")
    async with (
        playing({("GET", "/"): answers({})}, tls=papers.server) as server,
        Http(tls=papers.client) as http,
    ):
        with pytest.raises(Unreachable, match=r"does not hold .*localhost"):
            await get(http, server)
    assert server.asked == []


async def test_an_authority_in_ssl_cert_file_is_trusted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    papers = certificates()
    papers.authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    async with playing({("GET", "/"): answers({})}, tls=papers.server) as server, Http() as http:
        assert await get(http, server) == (200, b"{}")


async def test_https_asked_of_a_plain_server_says_so() -> None:
    async with (
        playing(raw(b"plain words", NEVER)) as server,
        Http(tls=ssl.create_default_context()) as http,
    ):
        with pytest.raises(Unreachable, match="speak https"):
            await get(http, server.replace("http://", "https://"))


# ---------------------------------------------------------------- what a hostile server sends


async def test_a_compressed_refusal_keeps_its_status(http: Http) -> None:
    packed = Reply(b"\x1f\x8b", 429, {"content-encoding": "gzip"}, framing="length")
    async with playing({("GET", "/"): packed}) as server:
        assert (await get(http, server))[0] == 429


async def test_a_compressed_body_that_nobody_asked_for_is_told(http: Http) -> None:
    packed = Reply(b"\x1f\x8b", headers={"content-encoding": "gzip"}, framing="length")
    async with playing({("GET", "/"): packed}) as server:
        with pytest.raises(Garbled, match=r"is compressed \('gzip'\), which was not asked for"):
            await get(http, server)


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        (b"HTTP/1.1 101 X\r\nupgrade: w\r\nconnection: upgrade\r\n\r\n", "another protocol"),
        (b"HTTP/1.1 000 X\r\n\r\n", "is not HTTP"),
        (b"HTTP/1.1 100 X\r\n\r\n" * 4000, "bytes of headers"),
        (b"HTTP/1.1 200 X\r\ncontent-length: -5\r\n\r\n", "Content-Length"),
        (b"HTTP/1.1 200 X\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", "Content-Length"),
    ],
)
async def test_a_head_that_is_none_is_garbled(http: Http, head: bytes, reason: str) -> None:
    async with playing(raw(head, NEVER)) as server:
        with pytest.raises(Garbled, match=reason):
            await get(http, server)


@pytest.mark.parametrize("name", ["x: y", "", "a b", "transfer-encoding", "ü"])
async def test_a_header_that_would_change_the_request_is_refused(http: Http, name: str) -> None:
    with pytest.raises(ConfigError, match="is no header that can be set"):
        await get(http, "http://127.0.0.1:1", headers={name: "chunked"})


async def test_a_header_that_is_no_text_is_refused(http: Http) -> None:
    with pytest.raises(ConfigError, match="put it in quotes"):
        await get(http, "http://127.0.0.1:1", headers={"x": 5})


async def test_a_key_that_http_cannot_carry_is_not_repeated(http: Http) -> None:
    with pytest.raises(ConfigError, match="a header holds '…'") as caught:
        await get(http, "http://127.0.0.1:1", headers={"authorization": "Bearer secret…"})
    assert caught.value.__context__ is None


async def test_forgets_servers_that_are_gone(tmp_path: Path) -> None:
    async with Http() as http:
        for number in range(5):
            socket = tmp_path / f"{number}.sock"
            async with playing({("GET", "/"): answers({})}, unix=socket) as server:
                await get(http, server)
            await asyncio.sleep(0.01)  # the loop hears that the server has closed
        assert len(http._idle) == 1


async def test_many_streams_half_of_them_left_leave_no_descriptor_behind() -> None:
    drip = Reply([b"x", *(0.002, b"x") * 20])

    async def ask(http: Http, server: str, place: int) -> int:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.02 * (place % 5) if place % 2 else None):
                return len((await get(http, server))[1])
        return 0

    before = descriptors()
    async with playing({("GET", "/"): drip}) as server, Http() as http:
        said = await asyncio.gather(*(ask(http, server, place) for place in range(150)))
        assert said[::2] == [21] * 75
    async with asyncio.timeout(PATIENCE):
        while descriptors() > before:  # noqa: ASYNC110  those that are closed go one by one
            await asyncio.sleep(0.01)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0
