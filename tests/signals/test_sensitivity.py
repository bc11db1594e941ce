import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.config import parse
from homeward.errors import ConfigError
from homeward.model import (
    Decision,
    ImagePart,
    Message,
    Raw,
    Request,
    Sampling,
    TextPart,
    Tool,
    ToolCall,
    collect,
)
from homeward.reading import Reading
from homeward.signals.sensitive.found import Found
from homeward.signals.sensitivity import KNOWN, LONG, PUBLIC, UNREAD, Sensitivity
from tests.signals.sensitive.texts import POSITIVE, lines

CARD = "4111 1111 1111 1111"
POSITIVES = [text for block in POSITIVE.values() for text in lines(block)]


async def read(*messages: Message, signal: Sensitivity | None = None, **fields: object) -> Reading:
    return await (signal or Sensitivity())(Request(messages, **fields))  # type: ignore[arg-type]


async def label(text: str, signal: Sensitivity | None = None) -> str | None:
    return (await read(Message("user", text), signal=signal)).label


async def test_the_most_serious_class_is_the_label() -> None:
    assert await label(f"jane@example.com, SSN 123-45-6789, {CARD}") == "id"


async def test_the_order_is_yours() -> None:
    signal = Sensitivity(labels=("payment", "id"))
    assert await label(f"SSN 123-45-6789, {CARD}", signal) == "payment"


async def test_a_class_that_is_not_wanted_is_not_found() -> None:
    assert await label(f"card {CARD}", Sensitivity(labels=("secret",))) == PUBLIC


async def test_counts_are_told_by_detector() -> None:
    reading = await read(Message("user", "a@example.com b@example.com, call 555-0123"))
    assert reading.numbers == {"email": 2.0, "phone": 1.0}


@given(st.sampled_from(POSITIVES))
@settings(deadline=None)
async def test_what_was_found_is_in_no_note(text: str) -> None:
    reading = await read(Message("user", text))
    told = f"{reading.because} {reading.numbers}"
    assert not any(text[one.start : one.end] in told for one in Sensitivity().find(text))


@given(st.sampled_from(POSITIVES), st.text(), st.text())
@settings(deadline=None)
async def test_nothing_around_it_makes_it_public(text: str, before: str, after: str) -> None:
    """Lines around: a word for something else may stand before a number in its own line."""
    assert await label(f"{before}\n\n{text}\n\n{after}") != PUBLIC


@given(st.text())
@settings(deadline=None)
async def test_any_text_has_a_label(text: str) -> None:
    assert await label(text) in (*KNOWN, PUBLIC)


@pytest.mark.parametrize("size", [200_000])
@pytest.mark.parametrize("piece", ["1 ", "12-", "a@", "eyJ", "-eyJa", "key=", "sk-", "A1b2", "+1("])
async def test_a_long_hostile_text_is_read_to_its_end(piece: str, size: int) -> None:
    assert await label(f"{piece * (size // len(piece))}\n\nAKIAIOSFODNN7EXAMPLE") == "secret"


@pytest.mark.parametrize(("size", "waits"), [(100, True), (LONG, False)])
async def test_while_a_long_text_is_read_others_are_answered(
    size: int, *, waits: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    where: list[int] = []
    find = Sensitivity.find

    def watched(self: Sensitivity, text: str) -> list[Found]:
        where.append(threading.get_ident())
        return find(self, text)

    monkeypatch.setattr(Sensitivity, "find", watched)
    await label("a" * size)
    assert (where == [threading.get_ident()]) is waits


async def test_the_history_is_read() -> None:
    old = Message("user", f"my card is {CARD}"), Message("assistant", "noted")
    assert (await read(*old, Message("user", "thanks"))).label == "payment"


async def test_a_tool_s_answer_is_read() -> None:
    answer = Message("tool", '{"mail":"x\\njane@example.com"}', tool_call_id="1")
    assert (await read(Message("user", "who is it?"), answer)).label == "contact"


async def test_the_arguments_of_a_call_are_read_with_their_names() -> None:
    call = ToolCall(arguments='{"bsn": 111222333, "n": [1, {"ok": true}]}')
    assert (await read(Message("assistant", "", (call,)))).label == "id"


async def test_arguments_that_are_no_json_are_read_as_they_are() -> None:
    call = ToolCall(arguments="{jane@example.com")
    assert (await read(Message("assistant", "", (call,)))).label == "contact"


async def test_tools_are_read() -> None:
    tool = Tool("send", "sends mail to boss@example.com")
    assert (await read(Message("user", "go"), tools=(tool,))).label == "contact"


async def test_fields_that_nobody_reads_are_read() -> None:
    assert (
        await read(Message("user", "go"), extra={"user": "jane@example.com"})
    ).label == "contact"


@pytest.mark.parametrize(
    "text",
    [
        "4111\u00a01111\u00a01111\u00a01111",
        "4111\u20111111\u20111111\u20111111",
        "41\u200b11111111111111",
        "".join(chr(ord(c) + 0xFEE0) for c in "4111111111111111"),
        "".join(chr(ord(c) + 0x0630) for c in "4111111111111111"),  # Arabic
        "".join(chr(ord(c) + 0x1D79E) for c in "4111111111111111"),  # mathematical, bold
        "4111\u20051111\u20051111\u20051111",
        "41\u200e11\ufe0f11\u034f11\u206211\U000e002011\u180e1111",
        "\\u0034111111111111111",
        "&#52;11111111111&#x31;111",
    ],
)
async def test_typography_hides_nothing(text: str) -> None:
    assert await label(text) == "payment"


async def test_a_letter_that_grows_hides_no_capitals() -> None:
    assert await label("\u0130 PASSPORT NO A1234567") == "id"


@pytest.mark.parametrize("parts", [("Card", CARD, "thanks"), (CARD[:5], CARD[5:]), ("", CARD)])
async def test_parts_of_a_message_hide_nothing(parts: tuple[str, ...]) -> None:
    content = tuple(map(TextPart, parts))
    assert (await read(Message("user", content))).label == "payment"


@pytest.mark.parametrize("value", [True, None, {}, {"a": 1}, []])
async def test_a_name_in_json_is_read_whatever_stands_under_it(value: object) -> None:
    reading = await read(Message("user", "go"), extra={"jane@example.com": value})
    assert reading.numbers == {"email": 1.0}


async def test_the_name_of_a_called_tool_is_read() -> None:
    call = ToolCall(name="mail jane@example.com", arguments="{}")
    assert (await read(Message("assistant", "", (call,)))).label == "contact"


async def test_words_to_stop_at_are_read() -> None:
    sampling = Sampling(stop=("jane@example.com",))
    assert (await read(Message("user", "go"), sampling=sampling)).label == "contact"


async def test_an_image_cannot_be_read_and_is_not_called_public() -> None:
    content = (TextPart("what is this?"), ImagePart("data:image/png;base64,AAAA"))
    reading = await read(Message("user", content))
    assert (reading.label, reading.numbers) == (UNREAD, {UNREAD: 1.0})


async def test_the_address_of_an_image_is_read() -> None:
    part = ImagePart("https://bob:c0rrect-horse@example.com/x.png")
    assert (await read(Message("user", (part,)))).label == "secret"


async def test_words_within_what_we_do_not_read_are_found() -> None:
    part = Raw("openai", {"type": "file", "file": {"name": f"card {CARD}.pdf"}})
    assert (await read(Message("user", (part,)))).label == "payment"


async def test_patterns_of_yours_come_last_and_by_name() -> None:
    signal = Sensitivity(patterns={"project": r"nightjar-\d+", "people": ["Ada", "Bo"]})
    assert await label("ask ADA about Nightjar-7", signal) == "project"
    assert await label("ask Ada", signal) == "people"
    assert await label("adapt and borrow", signal) == PUBLIC
    assert await label("Ada: ada@example.com", signal) == "contact"


def test_a_pattern_that_is_in_every_text_is_refused() -> None:
    with pytest.raises(ConfigError, match="found in every text"):
        Sensitivity(patterns={"project": "x*"})


async def test_a_pattern_of_yours_can_come_first() -> None:
    signal = Sensitivity(labels=("project", "secret"), patterns={"project": "nightjar"})
    assert await label("nightjar AKIAIOSFODNN7EXAMPLE", signal) == "project"


async def test_addresses_of_machines_are_found_where_they_are_wanted() -> None:
    signal = Sensitivity(labels=("network",))
    assert await label("ping 8.8.8.8", signal) == "network"
    assert await label("version 1.2.3.4", signal) == PUBLIC


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"labels": ("secrets",)}, "no class 'secrets'"),
        ({"patterns": {"secret": "x"}}, "another name"),
        ({"patterns": {"mine": "("}}, "no regular expression"),
    ],
)
def test_what_cannot_be_fails_at_construction(arguments: dict[str, object], says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        Sensitivity(**arguments)  # type: ignore[arg-type]


async def test_in_a_file_what_is_not_public_stays_at_home() -> None:
    file = """
    models:
      cloud: {echo: {prefix: "far: "}}
      local: {echo: {prefix: "home: "}}
      answer: {router: {by: sensitivity, public: cloud, else: local}}
    """
    async with parse(file, origin="test").open() as models:
        for text, chosen in (("hello", "public"), (f"my card is {CARD}", "else")):
            answer = await collect(models["answer"].chat(Request.of(text)))
            decision = next(e for e in answer.decisions if e.by == "router")
            assert isinstance(decision, Decision)
            assert decision.chose == chosen
            assert CARD not in decision.because
