import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.store.records import Key, Limit, hashed, id_of, new_secret


@pytest.mark.parametrize(
    ("text", "limit"),
    [
        ("100/minute", Limit("requests", "minute", 100)),
        ("1 request/day", Limit("requests", "day", 1)),
        ("200k tokens/day", Limit("tokens", "day", 200_000)),
        ("2.3k tokens/day", Limit("tokens", "day", 2_300)),
        ("1.5M tokens / month", Limit("tokens", "month", 1_500_000)),
        ("5 usd/month", Limit("usd", "month", 5)),
        ("0.25 USD/day", Limit("usd", "day", 0.25)),
        ("0 usd/month", Limit("usd", "month", 0)),
    ],
)
def test_a_limit_is_read_from_words(text: str, limit: Limit) -> None:
    assert Limit.parse(text) == limit


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is no limit; say 100/minute"),
        ("100", "is no limit"),
        ("-5/day", "is no limit"),
        ("1e3/day", "is no limit"),
        ("5usd/month", "is no limit"),
        ("5 usd/month and more", "is no limit"),
        ("5 eur/month", "limits eur; there are requests, tokens, usd"),
        ("5 usd/week", "is per week; there are minute, day, month"),
        ("0/minute", "whole number of requests, and at least one"),
        ("1.5 tokens/day", "whole number of tokens"),
    ],
)
def test_what_is_no_limit_is_told_why(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Limit.parse(text)


@given(
    what=st.sampled_from(["requests", "tokens", "usd"]),
    per=st.sampled_from(["minute", "day", "month"]),
    amount=st.integers(1, 10**9),
)
def test_a_limit_is_written_as_it_is_read(what: str, per: str, amount: int) -> None:
    limit = Limit(what, per, amount / 100 if what == "usd" else amount)  # type: ignore[arg-type]
    assert Limit.parse(str(limit)) == limit


def test_a_secret_opens_its_key_and_no_other() -> None:
    (one, secret), (_, other) = new_secret(), new_secret()
    key = Key(one, hash=hashed(secret))
    assert key.opens(secret)
    assert not key.opens(other)
    assert not key.opens("")


def test_the_id_is_told_from_the_secret() -> None:
    key_id, secret = new_secret()
    assert id_of(secret) == key_id


def test_another_secret_for_a_key_has_its_id() -> None:
    assert id_of(new_secret("aabbccdd")[1]) == "aabbccdd"


@pytest.mark.parametrize("word", ["", "hw-", "hw-aabb", "hw-aabb-", "sk-aabb-cc", "\ud800"])
def test_a_word_that_is_no_secret_of_ours_has_no_id(word: str) -> None:
    assert id_of(word) == ""
