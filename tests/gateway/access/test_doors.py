"""Every URL, from outside: nobody comes in who may not, whatever they try.

The list is the application's own, so that a new URL is walked too.
"""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from homeward.gateway.answers.shapes import ANTHROPIC, OLLAMA
from homeward.gateway.app import URLS
from homeward.gateway.urls.url import Url
from tests.backends.servers import answers, playing, sse
from tests.gateway.running import Answered, running
from tests.gateway.standing import Standing, key, standing

MODELS = """
models:
  mine: {scripted: {says: hello}}
  theirs: {scripted: {says: a secret}}
"""
MINE, MINE_SECRET = key("mine", models=("mine",))
WRONG = MINE_SECRET[:-8] + "AAAAAAAA"
BODY = {
    "model": "mine",
    "name": "mine",
    "messages": [{"role": "user", "content": "hi"}],
    "prompt": "hi",
    "input": "hi",
    "max_tokens": 5,
    "stream": False,
}
CLOSED = [url for url in URLS if url.access != "open"]
ASKING = [url for url in CLOSED if url.method == "POST" and url.access == "caller"]
ASKING = [url for url in ASKING if url.path != "/homeward/feedback"]  # which names no model


@pytest.fixture(scope="module")
def house() -> Iterator[Standing]:
    keys = [
        (MINE, MINE_SECRET),
        key("admin", admin=True),
        key("revoked", revoked=time.time() - 1),
        key("expired", expires=time.time() - 1),
    ]
    with standing(MODELS, *keys) as gateway:
        yield gateway


def walked(*urls: Url) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("url", urls, ids=lambda url: f"{url.method} {url.path}")


def ask(
    house: Standing, url: Url, headers: Any = (), body: Any = BODY, tail: str = "mine"
) -> Answered:
    path = url.path.partition("{")[0] + tail if "{" in url.path else url.path
    return house.ask(url.method, path, None if url.method in ("GET", "HEAD") else body, headers)


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def refused(house: Standing, url: Url, headers: Any, status: int, body: Any = BODY) -> Answered:
    """Ask, and see that the answer is that status, in the URL's dialect, and of no model."""
    before = house.asked()
    reply = ask(house, url, headers, body, tail="theirs" if body is not BODY else "mine")
    assert (reply.status, house.asked() - before) == (status, 0), reply.body
    assert reply.headers["x-homeward"]
    for secret in (*house.keys.values(), WRONG, "a secret"):
        assert secret not in f"{reply.headers}{reply.body!r}"
    if url.method != "HEAD":
        assert reply.headers["content-type"] == "application/json"
        has_dialect(url, reply)
    return reply


def has_dialect(url: Url, reply: Answered) -> None:
    error = reply.json["error"]
    if url.shape is OLLAMA:
        assert list(reply.json) == ["error"]
        assert isinstance(error, str)
    elif url.shape is ANTHROPIC:
        kinds = {400: "invalid_request_error", 401: "authentication_error"}
        assert reply.json["type"] == "error"
        assert error["type"] == kinds.get(reply.status, "permission_error")
        assert error["message"]
    else:
        assert {"message", "type", "param", "code"} == set(error)


@walked(*CLOSED)
def test_without_a_key_nobody_comes_in(house: Standing, url: Url) -> None:
    reply = refused(house, url, (), 401)
    assert reply.headers["www-authenticate"].startswith("Bearer")


@walked(*CLOSED)
@pytest.mark.parametrize("header", ["authorization", "x-api-key", "api-key"])
def test_a_wrong_key_is_no_key(house: Standing, url: Url, header: str) -> None:
    refused(house, url, {header: f"Bearer {WRONG}" if header == "authorization" else WRONG}, 401)


@walked(*CLOSED)
@pytest.mark.parametrize("name", ["revoked", "expired"])
def test_a_key_that_has_ended_is_no_key(house: Standing, url: Url, name: str) -> None:
    refused(house, url, bearer(house.keys[name]), 401)


@walked(*CLOSED)
def test_two_different_keys_are_none(house: Standing, url: Url) -> None:
    headers = {**bearer(MINE_SECRET), "x-api-key": house.keys["admin"]}
    refused(house, url, headers, 401)


@walked(*CLOSED)
@pytest.mark.parametrize("header", ["Authorization", "X-Api-Key"])
def test_a_key_header_that_comes_twice_is_refused(house: Standing, url: Url, header: str) -> None:
    value = f"Bearer {MINE_SECRET}" if header == "Authorization" else MINE_SECRET
    refused(house, url, [(header, value), (header, value)], 400)


@walked(*(url for url in URLS if url.access == "admin"))
def test_what_is_an_admins_needs_an_admins_key(house: Standing, url: Url) -> None:
    refused(house, url, bearer(MINE_SECRET), 403)


@walked(*URLS)
@pytest.mark.parametrize(
    "host",
    [
        "evil.example.com",
        "127.0.0.1.evil.example.com",
        "localhost/v1/models",
        "localhost/healthz?",
        "someone@localhost",
        "localhost:80:80",
        "",
    ],
)
def test_under_a_foreign_name_nothing_is_answered(house: Standing, url: Url, host: str) -> None:
    refused(house, url, {"Host": host, **bearer(house.keys["admin"])}, 403)


@walked(*URLS)
def test_two_clearances_are_none(house: Standing, url: Url) -> None:
    headers = [("x-homeward-clearance", "machine"), ("x-homeward-clearance", "world")]
    refused(house, url, headers, 400)


@walked(*URLS)
def test_two_hosts_are_none(house: Standing, url: Url) -> None:
    hosts = [("Host", house.host), ("Host", "localhost"), *bearer(house.keys["admin"]).items()]
    refused(house, url, hosts, 400)


@walked(*URLS)
@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", "http://localhost.evil.example.com", "*", ""]
)
def test_a_foreign_page_gets_nothing(house: Standing, url: Url, origin: str) -> None:
    reply = refused(house, url, {"Origin": origin, **bearer(house.keys["admin"])}, 403)
    assert "access-control-allow-origin" not in reply.headers


@walked(*URLS)
def test_who_may_is_let_in(house: Standing, url: Url) -> None:
    headers = {"Origin": "http://localhost:3000", **bearer(house.keys["admin"])}
    reply = ask(house, url, headers)
    assert reply.status not in (401, 403), reply.body
    assert reply.headers["x-homeward"]
    assert reply.headers["access-control-allow-origin"] == "http://localhost:3000"


@walked(*ASKING)
def test_a_key_of_one_route_does_not_ask_another(house: Standing, url: Url) -> None:
    refused(house, url, bearer(MINE_SECRET), 403, BODY | {"model": "theirs", "name": "theirs"})


@walked(*ASKING)
def test_another_routes_name_is_not_guessed_by_a_tag(house: Standing, url: Url) -> None:
    body = BODY | {"model": "theirs:latest", "name": "theirs:latest"}
    refused(house, url, bearer(MINE_SECRET), 403, body)


@walked(*(url for url in URLS if url.method == "GET"))
def test_a_key_of_one_route_does_not_read_of_another(house: Standing, url: Url) -> None:
    before = house.asked()
    reply = ask(house, url, bearer(MINE_SECRET), tail="theirs")
    if "{" in url.path:
        assert reply.status in (403, 404)
    else:
        assert b"theirs" not in reply.body
    assert house.asked() == before


@pytest.mark.parametrize("explain", ["no", "yes"])
@pytest.mark.parametrize(
    ("kind", "path", "theirs"),
    [
        ("openai", "/v1/chat/completions", "/v1/chat/completions"),
        ("ollama", "/api/chat", "/api/chat"),
        ("anthropic", "/v1/messages", "/v1/messages"),
    ],
)
async def test_a_name_in_other_letters_does_not_override_the_model(
    kind: str, path: str, theirs: str, explain: str
) -> None:
    async with playing({("POST", theirs): answers({})}) as upstream:
        base = f"{upstream}/v1" if kind == "openai" else upstream
        async with running(
            f"models: {{r: {{{kind}: {{model: m, base_url: '{base}'}}}}}}"
        ) as gateway:
            question = {"model": "r", "messages": BODY["messages"], "stream": False}
            headers = {"x-homeward-explain": "yes"} if explain == "yes" else {}
            await gateway.ask("POST", path, question, headers)
            for name in ("Model", "MODEL", "Messages"):
                await gateway.ask("POST", path, question | {name: "another"}, headers)
    sent = [asked.json for asked in upstream.asked if asked.method == "POST"]
    assert len(sent) >= 1
    for body in sent:
        assert {"m"} == {value for name, value in body.items() if name.lower() == "model"}
    if explain == "yes":  # what was read is judged, so only that is sent
        assert all("Messages" not in body for body in sent)


@pytest.mark.parametrize(
    "path",
    [
        "//v1/models",
        "/v1//models",
        "/v1/../metrics",
        "/v1/models/../../metrics",
        "/v1/%2e%2e/metrics",
        "/v1%2fmodels",
        "/v1%2Fmodels",
        "/%76%31/models",
        "/v1/models%00",
        "/v1/models;x",
        "/v1/models/",
        "/v1\\models",
        "/V1/models",
        "/healthz/../v1/models",
        "/homeward/decisions/",
        "/homeward/decisions/../openapi.json",
    ],
)
def test_a_path_is_taken_as_it_is_written(house: Standing, path: str) -> None:
    reply = house.ask("GET", path, headers=bearer(house.keys["admin"]))
    assert reply.status == 404, reply.body
    assert reply.headers["x-homeward"]


QUESTION = json.dumps(BODY)
N = len(QUESTION)


def sent(house: Standing, lines: str) -> Answered:
    head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: {house.host}\r\n{lines}\r\n"
    head += f"Authorization: Bearer {MINE_SECRET}\r\nConnection: close\r\n\r\n"
    return house.send((head + QUESTION).encode("latin-1"))


def test_a_request_of_one_length_is_read(house: Standing) -> None:
    assert sent(house, f"Content-Length: {N}").status == 200


@pytest.mark.parametrize(
    "lines",
    [
        f"Content-Length: {N}\r\nContent-Length: 5",
        f"Content-Length: {N}\r\nContent-Length: {N}",
        f"Content-Length: {N}\r\nTransfer-Encoding: chunked",
        f"Transfer-Encoding: identity\r\nContent-Length: {N}",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity",
        "Transfer-Encoding: xchunked",
        f"Content-Length: -{N}",
        f"Content-Length: +{N}",
        f"Content-Length: {N}, {N}",
        f"Content-Length : {N}",
        f"Content-Length: {N}\r\nX-One: a\r\n folded: b",
        f"Content-Length: {N}\r\nX-One: a\x00b",
        f"Content-Length: {N}\r\nX One: a",
        f"Content-Length: {N}99999999999999999999",
        f"Content-Length: {N}\r\nContent-Encoding: gzip",
    ],
)
def test_a_request_that_two_servers_read_differently_is_refused(
    house: Standing, lines: str
) -> None:
    before = house.asked()
    assert 400 <= sent(house, lines).status < 500
    assert house.asked() == before


def test_a_method_that_a_url_does_not_take_is_told_those_that_it_takes(house: Standing) -> None:
    reply = house.ask("PUT", "/v1/messages", headers=bearer(MINE_SECRET))
    assert (reply.status, reply.headers["allow"]) == (405, "OPTIONS, POST")


def test_a_page_of_this_machine_is_told_what_it_may_send(house: Standing) -> None:
    wanted = "authorization,content-type,x-stainless-lang,anthropic-version,x-homeward-explain,evil"
    headers = {
        "Origin": "http://localhost:3000",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": wanted,
    }
    reply = house.ask("OPTIONS", "/v1/messages", headers=headers)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert reply.headers["access-control-allow-headers"].replace(" ", "") == wanted[:-5]
    assert reply.headers["vary"] == "origin"


@walked(*URLS)
def test_a_foreign_page_is_told_nothing_beforehand(house: Standing, url: Url) -> None:
    headers = {"Origin": "https://evil.example.com", "Access-Control-Request-Method": url.method}
    reply = house.ask("OPTIONS", url.path, headers=headers)
    assert reply.status == 403
    assert not [name for name in reply.headers if name.startswith("access-control")]


@walked(*URLS)
def test_an_allowed_page_may_ask_beforehand_without_a_key(house: Standing, url: Url) -> None:
    headers = {"Origin": "http://localhost:3000", "Access-Control-Request-Method": url.method}
    reply = house.ask("OPTIONS", url.path, headers=headers)
    assert reply.status == 200
    assert url.method in reply.headers["access-control-allow-methods"]


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/api/chat"])
def test_an_allowed_page_may_read_a_stream(house: Standing, path: str) -> None:
    headers = {"Origin": "http://localhost:3000", **bearer(MINE_SECRET)}
    reply = house.ask("POST", path, BODY | {"stream": True}, headers)
    assert (reply.status, b"hello" in reply.body) == (200, True)
    assert reply.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert "x-homeward-route" in reply.headers["access-control-expose-headers"]
    assert reply.headers["x-homeward"]


async def test_an_allowed_page_may_read_what_is_passed_on() -> None:
    upstream_answer = sse('{"choices":[{"index":0,"delta":{"content":"hi"}}]}', "[DONE]")
    async with playing({("POST", "/v1/chat/completions"): upstream_answer}) as upstream:
        models = f"models: {{r: {{openai: {{model: m, base_url: '{upstream}/v1'}}}}}}"
        async with running(models) as gateway:
            question = {"model": "r", "messages": BODY["messages"], "stream": True}
            headers = {"origin": "http://localhost:3000"}
            reply = await gateway.ask("POST", "/v1/chat/completions", question, headers)
    assert reply.status == 200
    assert reply.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert reply.headers["x-homeward"]


def test_without_a_host_nothing_is_answered(house: Standing) -> None:
    reply = house.send(f"GET /v1/models HTTP/1.0\r\nX-Api-Key: {MINE_SECRET}\r\n\r\n".encode())
    assert reply.status == 403


def test_the_host_of_an_absolute_address_is_not_the_one_that_counts(house: Standing) -> None:
    lines = f"Host: {house.host}\r\nX-Api-Key: {MINE_SECRET}\r\nConnection: close\r\n\r\n"
    for address in ("http://evil.example.com/metrics/../v1/models", "evil.example.com:80"):
        assert 400 <= house.send(f"GET {address} HTTP/1.1\r\n{lines}".encode()).status < 500
