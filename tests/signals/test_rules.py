import pytest

from homeward.errors import ConfigError
from homeward.model import Message, Request
from homeward.signals.rules import Rules


async def label(rules: Rules, prompt: str) -> str | None:
    return (await rules(Request.of(prompt))).label


async def test_the_first_rule_that_matches_wins() -> None:
    rules = Rules([{"code": r"\bpython\b"}, {"snake": "python"}])
    assert await label(rules, "Write Python") == "code"
    assert await label(rules, "two pythons") == "snake"


async def test_no_match_abstains() -> None:
    reading = await Rules([{"code": "python"}])(Request.of("hello"))
    assert (reading.label, reading.score) == (None, None)


async def test_keywords_are_found_whole() -> None:
    rules = Rules([{"code": ["c++", "go"]}])
    assert await label(rules, "in C++, please") == "code"
    assert await label(rules, "a good idea") is None


async def test_says_what_matched() -> None:
    reading = await Rules([{"code": "py.*n"}])(Request.of("some Python"))
    assert (reading.score, reading.because) == (1.0, "code: the request has 'Python'")


async def test_only_the_last_user_message_is_read() -> None:
    messages = (Message("system", "python"), Message("user", "python"), Message("user", "hi"))
    assert (await Rules([{"code": "python"}])(Request(messages))).label is None


def test_a_broken_pattern_fails_at_construction_with_its_place() -> None:
    with pytest.raises(
        ConfigError, match=r"rule 2 \(b\): '\(' is no regular expression.*character 0"
    ):
        Rules([{"a": "x"}, {"b": "("}])


def test_a_long_broken_pattern_is_shown_shortened() -> None:
    with pytest.raises(ConfigError) as caught:
        Rules([{"a": "x" * 5000 + "("}])
    assert len(str(caught.value)) < 300


def test_no_rules_fail_at_construction() -> None:
    with pytest.raises(ConfigError, match="empty"):
        Rules([])
