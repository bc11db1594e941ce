"""What a caller wishes for beside the question."""

import time
from typing import Any

import pytest

from homeward.errors import Rejected
from homeward.gateway.answers.wishes import NONE, Wishes, wishes_of, without_block
from homeward.gateway.exchange import Exchange
from homeward.model import Clearance, Request
from tests.backends.servers import answers, playing
from tests.gateway.running import running


def exchange(**headers: str) -> Exchange:
    pairs = [(f"x-homeward-{name}".encode(), value.encode()) for name, value in headers.items()]
    scope = {
        "method": "POST",
        "path": "/",
        "raw_path": b"/",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), *pairs],
    }
    return Exchange(scope, None, None, "a1", 0.0)  # type: ignore[arg-type]  # nothing is sent here


def test_nothing_is_wished_for_by_default() -> None:
    assert wishes_of(exchange(), {"top_k": 4}) is NONE


def test_headers_are_wishes() -> None:
    said = exchange(clearance="machine", deadline="2.5", explain="True", keep="no")
    assert wishes_of(said) == Wishes("machine", 2.5, explain=True, keep=False)


def test_a_block_goes_before_the_headers() -> None:
    block = {"homeward": {"clearance": "machine", "explain": False}}
    wishes = wishes_of(exchange(clearance="world", explain="true", deadline="3"), block)
    assert wishes == Wishes("machine", 3.0)


@pytest.mark.parametrize(
    ("header", "block", "holds"),
    [("machine", "world", Clearance.MACHINE), ("world", "network", Clearance.NETWORK)],
)
def test_of_two_clearances_the_narrower_holds(header: str, block: str, holds: Clearance) -> None:
    wishes = wishes_of(exchange(clearance=header), {"homeward": {"clearance": block}})
    assert wishes.within(Clearance.WORLD) is holds


def test_a_header_of_an_unknown_name_is_ignored() -> None:
    assert wishes_of(exchange(colour="blue")) is NONE


@pytest.mark.parametrize(
    "block",
    [
        {"colour": "blue"},
        {"clearance": "moon"},
        {"clearance": 1},
        {"deadline": "2"},
        {"deadline": 0},
        {"deadline": -1},
        {"deadline": 1e9},
        {"deadline": True},
        {"explain": "true"},
        {"explain": 1},
        {"keep": None},
        [],
        "explain",
        True,
        1,
    ],
)
def test_a_block_that_cannot_be_read_is_refused(block: Any) -> None:
    with pytest.raises(Rejected, match="homeward"):
        wishes_of(exchange(), {"homeward": block})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("clearance", "moon"),
        ("clearance", ""),
        ("deadline", "soon"),
        ("deadline", "0"),
        ("deadline", "-3"),
        ("deadline", "nan"),
        ("deadline", "inf"),
        ("deadline", "1e400"),
        ("deadline", "90000"),
        ("explain", "perhaps"),
        ("explain", ""),
        ("keep", "2"),
    ],
)
def test_a_header_that_cannot_be_read_is_refused(name: str, value: str) -> None:
    with pytest.raises(Rejected, match="homeward"):
        wishes_of(exchange(**{name: value}))


@pytest.mark.parametrize("most", list(Clearance))
@pytest.mark.parametrize("asked", list(Clearance))
def test_a_wish_never_widens_a_clearance(most: Clearance, asked: Clearance) -> None:
    assert Wishes(asked.name.lower()).within(most) == min(most, asked)


def test_a_deadline_is_from_now_on() -> None:
    before = time.monotonic()
    until = Wishes(deadline=5.0).until
    assert until is not None
    assert before + 5 <= until <= time.monotonic() + 5


def test_the_block_is_for_us_alone() -> None:
    request = Request.of("hi", extra={"homeward": {"explain": True}, "top_a": 1})
    assert without_block(request).extra == {"top_a": 1}
    plain = Request.of("hi", extra={"top_a": 1})
    assert without_block(plain) is plain


@pytest.mark.parametrize(
    ("kind", "path"),
    [("openai", "/v1/chat/completions"), ("ollama", "/api/chat"), ("anthropic", "/v1/messages")],
)
async def test_a_block_is_read_and_taken_out_also_where_bytes_could_be_passed_on(
    kind: str, path: str
) -> None:
    async with playing({("POST", path): answers({})}) as upstream:
        base = f"{upstream}/v1" if kind == "openai" else upstream
        async with running(
            f"models: {{r: {{{kind}: {{model: m, base_url: '{base}'}}}}}}"
        ) as gateway:
            question = {"model": "r", "messages": [{"role": "user", "content": "hi"}]}
            refused = await gateway.ask("POST", path, question | {"homeward": {"colour": 1}})
            assert refused.status == 400
            await gateway.ask("POST", path, question | {"homeward": {"clearance": "machine"}})
    sent = [asked.json for asked in upstream.asked if asked.method == "POST"]
    assert ["homeward" in body for body in sent] == [False]


def test_a_deadline_that_is_no_number_is_told_in_words() -> None:
    with pytest.raises(Rejected, match="x-homeward-deadline cannot be read: 'soon' is no number"):
        wishes_of(exchange(deadline="soon"))
