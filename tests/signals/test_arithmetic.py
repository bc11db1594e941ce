from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.model import Answer, Finish, Text
from homeward.signals.arithmetic import Arithmetic, equations
from homeward.strategies.cascade import Cascade
from tests.contract import HELLO, said, says

HOLD = [
    "12 * 3 = 36",
    "12 * 3\n= 36\n= 4 * 9",
    "So 5 hours * $12/hour = $60 in total.",
    "$400 (regular hours) + $60 (overtime) = $460",
    "20% of the 50 students = 10 students",
    "(12 / 20) x 100% = 60%",
    "12/20 * 1 = 60%",
    "$1,200 \u00f7 3 = $400",
    "10 \u2212 4 = 6",
    "\u00bd * 8 = 4",
    "2\u00bd \u00d7 2 = 5",
    "2 1/2 + 1/2 = 3",
    "\uff15\uff0b\uff13\uff1d\uff18",
    r"\frac{1}{2} \times 8 = 4",
    "**3** + **4** = **7**",
    "- 3 + 5 = 8",
    "3(2 + 4) = 18",
    "2^3 = 8",
    "5 times 3 equals 15",
    "10 / 3 = 3.33",
    "2/3 * 1 = 0.67",
    "33.33 * 3 = 100",
    "100 / 3 = 33",
    "5 * 3 = 15 + 4 = 19",
    "$2.50 * 2 = 500\u00a2",
    "1/3 + 1/3 = 2/3",
    "17 * 3 \u2248 50",
]
WRONG = ["12 * 3 = 35", "Total = 3 + 4 = 8", "(12 / 20) x 100 = 55%", "7 / 2 = 3", "0.5 * 5 = 2.7"]
UNREAD = [
    "",
    "42",
    "x + 3 = 7",
    "9A - 21 = 339",
    "60 - 8 = 2(A - 4)",
    "total - 12 = 8",
    "3:15 - 2:00 = 1:15",
    "1,5 + 2 = 9",
    "3/4 gallon = 3/4 * 8 pints",
    "20 minutes + 2 hours = 140",
    "$80 - 25% = $60",
    "7 mod 4 + 1 = 4",
    "256\u03c0 / 3 = 268",
    "3 + 4 >= 5",
    "a == 3 + 4",
    "10 / 0 = 5",
    "5! = 120",
    "3 dozen * 2 = 72",
    "f(3) + 1 = 9",
]


@pytest.mark.parametrize("text", HOLD)
def test_true_equations_hold(text: str) -> None:
    checked, wrong = equations(text)
    assert checked
    assert not wrong


@pytest.mark.parametrize("text", WRONG)
def test_false_equations_are_wrong(text: str) -> None:
    assert equations(text)[1] == 1


@pytest.mark.parametrize("text", UNREAD)
def test_what_cannot_be_read_is_not_judged(text: str) -> None:
    assert equations(text) == (0, 0)


def test_calculator_notes_are_read_too() -> None:
    assert equations("4 x 20 = <<4*20=81>>80 sheep") == (2, 1)


def test_newlines_in_unparsed_json_end_a_line() -> None:
    assert equations(r'{"reasoning": "3 + 4 = 7\nHalf: 8 / 2 = 5"') == (2, 1)


AMOUNTS = st.decimals(-999, 9999, places=2).map(Fraction)


@given(AMOUNTS, AMOUNTS, st.sampled_from("+-*"))
def test_exact_equations_hold(left: Fraction, right: Fraction, sign: str) -> None:
    value = {"+": left + right, "-": left - right, "*": left * right}[sign]
    text = f"({float(left)}) {sign} ({float(right)}) = {value.numerator}/{value.denominator}"
    assert equations(text) == (1, 0)


@given(st.integers(1, 9999), st.integers(1, 9999), st.integers(1, 99))
def test_a_whole_sum_that_is_off_is_wrong(left: int, right: int, off: int) -> None:
    assert equations(f"{left} apples + {right} pears = {left + right + off} fruits") == (1, 1)


PIECES = [
    "3",
    "$",
    "%",
    " ",
    "(",
    ")",
    "=",
    "*",
    "/",
    "^9",
    "x",
    "of",
    "1,000",
    "\n",
    "<<",
    ">>",
    "kg",
]


@given(st.lists(st.sampled_from(PIECES), max_size=60) | st.text(max_size=200))
def test_any_text_is_read(text: str | list[str]) -> None:
    checked, wrong = equations("".join(text))
    assert 0 <= wrong <= checked


@pytest.mark.parametrize(
    "piece",
    [
        "(1+",
        "1=",
        "<<3*1",
        "5% of ",
        "((9^8)^8",
        "(((((((1/9^9)^9)^9)^9)^9)^9)^9) = ",
        "3 x ",
        "\\frac{1}{",
    ],
)
def test_a_very_long_text_is_read(piece: str) -> None:
    equations(piece * 50_000)


def answer(text: str) -> Answer:
    return Answer((Text(text), Finish()))


async def test_the_score_is_the_share_that_holds() -> None:
    reading = await Arithmetic()(HELLO, answer("3 + 4 = 7, and 7 * 2 = 15."))
    assert (reading.score, reading.label) == (0.5, "false")
    assert reading.numbers == {"checked": 2.0, "wrong": 1.0}


async def test_no_equation_is_an_abstention() -> None:
    assert (await Arithmetic()(HELLO, answer("It is 42."))).score is None


async def test_what_a_model_thinks_aloud_is_not_its_answer() -> None:
    thought = answer("<think>3 + 4 = 8? no</think>3 + 4 = 7")
    assert (await Arithmetic()(HELLO, thought)).score == 1.0


async def test_a_cascade_sends_false_arithmetic_on() -> None:
    def route(text: str) -> Cascade:
        return Cascade([says(text)], says("hosted"), Arithmetic(), threshold=1.0)

    assert await said(route("3 * 4 = 13")) == "hosted"
    assert await said(route("3 * 4 = 12")) == "3 * 4 = 12"
