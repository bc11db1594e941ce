"""What a key has left."""

import time
from calendar import timegm
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.gateway.accounting.limits import Account, Reservation, duration
from homeward.gateway.accounting.windows import NANO, around
from homeward.gateway.refused import Refused
from homeward.store.records import Key, Limit


def account(*bounds: Limit, **fields: Any) -> Account:
    return Account(Key("k1", limits=bounds, **fields))


def left(spender: Account) -> list[float]:
    return [bound.remaining for bound in spender.bounds()]


def at(moment: str) -> float:
    return float(timegm(time.strptime(moment, "%Y-%m-%d %H:%M:%S")))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Any:
    """``clock(moment)`` sets the time of day."""

    def set_to(moment: str) -> None:
        monkeypatch.setattr("time.time", lambda: at(moment))

    set_to("2026-11-21 10:05:30")
    return set_to


# ---------------------------------------------------------------- reserving


def test_a_key_without_limits_reserves_anything() -> None:
    assert not account().reserve(10**9, 10.0**6).broke


def test_the_request_after_the_last_allowed_one_is_refused() -> None:
    spender = account(Limit("requests", "minute", 2))
    spender.reserve(1, 0)
    spender.reserve(1, 0)
    with pytest.raises(Refused, match="this key's 2 requests of this minute are used up") as caught:
        spender.reserve(1, 0)
    assert caught.value.status == 429


def test_a_refusal_says_when_to_come_back(clock: Any) -> None:
    spender = account(Limit("requests", "minute", 1))
    spender.reserve(1, 0)
    with pytest.raises(Refused, match="ask again in 30s") as caught:
        spender.reserve(1, 0)
    assert caught.value.headers["retry-after"] == "30"


def test_a_refusal_has_the_headers_that_openai_has(clock: Any) -> None:
    spender = account(Limit("requests", "minute", 1), Limit("tokens", "day", 1000))
    spender.reserve(300, 0)
    with pytest.raises(Refused) as caught:
        spender.reserve(300, 0)
    headers = caught.value.headers
    assert {name: headers[name] for name in headers if name != "retry-after"} == {
        "x-ratelimit-limit-requests": "1",
        "x-ratelimit-remaining-requests": "0",
        "x-ratelimit-reset-requests": "30s",
        "x-ratelimit-limit-tokens": "1000",
        "x-ratelimit-remaining-tokens": "700",
        "x-ratelimit-reset-tokens": "13h54m30s",
    }


def test_a_refused_request_reserves_nothing_of_other_limits() -> None:
    spender = account(Limit("requests", "day", 5), Limit("tokens", "day", 100))
    with pytest.raises(Refused):
        spender.reserve(101, 0)
    assert left(spender) == [5, 100]


def test_a_request_that_no_window_can_hold_is_not_to_be_repeated() -> None:
    spender = account(Limit("tokens", "minute", 100))
    with pytest.raises(Refused, match="ask for fewer with max_tokens") as caught:
        spender.reserve(101, 0)
    assert caught.value.headers["x-should-retry"] == "false"
    assert "retry-after" not in caught.value.headers


def test_no_more_run_at_once_than_allowed() -> None:
    spender = account(at_once=1)
    spender.reserve(1, 0)
    with pytest.raises(Refused, match="1 requests running"):
        spender.reserve(1, 0)


def test_a_request_that_has_ended_makes_room_for_another() -> None:
    spender = account(at_once=1)
    spender.settle(spender.reserve(1, 0), 1, 0)
    assert spender.reserve(1, 0)


# ---------------------------------------------------------------- money


def test_without_money_a_reservation_is_broke_and_holds_none() -> None:
    spender = account(Limit("usd", "month", 1.0))
    assert [spender.reserve(1, 0.75).broke, spender.reserve(1, 0.75).broke] == [False, True]
    assert left(spender) == [0.25]


def test_with_all_money_gone_what_costs_nothing_is_broke_too() -> None:
    """So that a model whose price only shows later is not asked."""
    spender = account(Limit("usd", "month", 1.0))
    spender.reserve(1, 1.0)
    assert spender.reserve(1, 0.0).broke


def test_a_budget_of_a_hundred_pays_for_exactly_a_hundred() -> None:
    spender = account(Limit("usd", "day", 0.1 * 100))
    assert [spender.reserve(1, 0.1).broke for _ in range(101)] == [False] * 100 + [True]


# ---------------------------------------------------------------- settling


def test_what_was_not_taken_is_given_back() -> None:
    spender = account(Limit("tokens", "day", 100), Limit("usd", "day", 1.0))
    spender.settle(spender.reserve(100, 1.0), 10, 0.25)
    assert left(spender) == [90, 0.75]


def test_more_than_was_reserved_is_booked_all_the_same() -> None:
    spender = account(Limit("tokens", "day", 100))
    spender.settle(spender.reserve(50, 0), 120, 0)
    assert spender.bounds()[0].taken == 120


def test_an_unknown_price_is_booked_as_what_was_reserved() -> None:
    spender = account(Limit("usd", "day", 1.0))
    spender.settle(spender.reserve(1, 0.5), 1, None)
    assert left(spender) == [0.5]


def test_settling_twice_is_settling_once() -> None:
    spender = account(Limit("tokens", "day", 100))
    reservation = spender.reserve(50, 0)
    spender.settle(reservation, 20, 0)
    spender.settle(reservation, 20, 0)
    assert (left(spender), spender.running) == ([80], 0)


# ---------------------------------------------------------------- windows


@pytest.mark.parametrize(
    ("moment", "per", "begins", "ends"),
    [
        ("2026-11-21 10:05:59", "minute", "2026-11-21 10:05:00", "2026-11-21 10:06:00"),
        ("2026-11-21 23:59:59", "day", "2026-11-21 00:00:00", "2026-11-22 00:00:00"),
        ("2026-12-31 23:59:59", "month", "2026-12-01 00:00:00", "2027-01-01 00:00:00"),
        ("2028-02-29 12:00:00", "month", "2028-02-01 00:00:00", "2028-03-01 00:00:00"),
    ],
)
def test_windows_are_those_of_the_calendar(moment: str, per: Any, begins: str, ends: str) -> None:
    assert around(at(moment), per) == (at(begins), at(ends))


def test_a_new_minute_is_whole_again(clock: Any) -> None:
    spender = account(Limit("requests", "minute", 1))
    spender.reserve(1, 0)
    clock("2026-11-21 10:06:00")
    assert spender.reserve(1, 0)


def test_a_new_minute_leaves_the_day_as_it_is(clock: Any) -> None:
    spender = account(Limit("tokens", "day", 100))
    spender.reserve(60, 0)
    clock("2026-11-21 10:06:00")
    assert left(spender) == [40]


def test_a_request_is_booked_in_the_window_in_which_it_was_reserved(clock: Any) -> None:
    spender = account(Limit("tokens", "minute", 100))
    reservation = spender.reserve(60, 0)
    clock("2026-11-21 10:06:10")
    spender.settle(reservation, 90, 0)
    assert left(spender) == [100]


def test_a_clock_that_is_set_back_does_not_make_a_minute_last_for_an_hour(clock: Any) -> None:
    spender = account(Limit("requests", "minute", 1))
    spender.reserve(1, 0)
    clock("2026-11-21 09:05:30")
    assert spender.reserve(1, 0)


def test_a_clock_that_is_set_back_over_midnight_gives_no_second_day(clock: Any) -> None:
    clock("2026-11-22 00:00:10")
    spender = account(Limit("requests", "day", 1))
    spender.reserve(1, 0)
    clock("2026-11-21 23:59:50")
    with pytest.raises(Refused):
        spender.reserve(1, 0)


# ---------------------------------------------------------------- limits that change


def test_a_limit_that_comes_later_knows_what_was_taken() -> None:
    spender = account()
    spender.reserve(60, 0)
    spender.change(Key("k1", limits=(Limit("tokens", "month", 100),)))
    assert left(spender) == [40]


def test_a_limit_that_grows_keeps_what_was_taken() -> None:
    spender = account(Limit("tokens", "day", 100))
    reservation = spender.reserve(60, 0)
    spender.change(Key("k1", limits=(Limit("tokens", "day", 200),)))
    spender.settle(reservation, 50, 0)
    assert left(spender) == [150]


def test_a_limit_that_shrinks_below_what_was_taken_refuses() -> None:
    spender = account(Limit("requests", "day", 5))
    spender.reserve(1, 0)
    spender.change(Key("k1", limits=(Limit("requests", "day", 1),)))
    with pytest.raises(Refused):
        spender.reserve(1, 0)


def test_of_two_limits_on_the_same_thing_the_tighter_one_holds() -> None:
    spender = account(Limit("requests", "day", 1), Limit("requests", "day", 5))
    assert left(spender) == [1]


@pytest.mark.parametrize(("seconds", "said"), [(5, "5s"), (360, "6m0s"), (3661, "1h1m1s")])
def test_durations_are_written_as_openai_writes_them(seconds: int, said: str) -> None:
    assert duration(seconds) == said


# ---------------------------------------------------------------- any interleaving

USD = st.integers(0, 3 * NANO).map(lambda nanos: nanos / NANO)
RESERVE = st.tuples(st.just("reserve"), st.integers(0, 300), USD)
SETTLE = st.tuples(st.just("settle"), st.integers(0, 20), st.floats(0, 1))


@given(
    steps=st.lists(RESERVE | SETTLE, max_size=60),
    tokens=st.integers(0, 1000),
    usd=st.integers(0, 10 * NANO).map(lambda nanos: nanos / NANO),
    requests=st.integers(0, 20),
)
def test_spent_and_reserved_are_never_above_a_limit(
    steps: list[tuple[Any, ...]], tokens: int, usd: float, requests: int
) -> None:
    spender = account(
        Limit("tokens", "month", tokens),
        Limit("usd", "month", usd),
        Limit("requests", "month", requests),
    )
    running: list[Reservation] = []
    taken = [0, 0, 0]
    for what, first, second in steps:
        if what == "reserve":
            try:
                reservation = spender.reserve(first, second)
            except Refused:
                continue
            running.append(reservation)
            taken = [taken[0] + first, taken[1] + reservation.nanos, taken[2] + 1]
        elif running:
            reservation = running.pop(first % len(running))
            used = int(reservation.tokens * second), int(reservation.nanos * second)
            spender.settle(reservation, used[0], used[1] / NANO)
            taken[0] += used[0] - reservation.tokens
            taken[1] += used[1] - reservation.nanos
        most = [tokens, round(usd * NANO), requests]
        assert all(a <= b for a, b in zip(taken, most, strict=True))
        assert [bound.taken for bound in spender.bounds()] == [
            taken[["tokens", "usd", "requests"].index(bound.limit.what)]
            for bound in spender.bounds()
        ]
    assert spender.running == len(running)
