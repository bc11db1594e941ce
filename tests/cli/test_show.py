import io

import msgspec
import pytest

from homeward.cli.show import Shown, summary, travelled
from homeward.cli.text import dim, printable
from homeward.cli.work import show_work
from homeward.model import Answer, Candidate, Clearance, Decision, Event, Finish, Text, Usage


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


BILL = Usage("1", "small", input_tokens=3, output_tokens=2)


def test_words_are_shown_as_they_come() -> None:
    out = Terminal()
    shown = Shown(out=out)
    shown.feed(Text("forty"))
    assert out.getvalue() == "forty"


def test_an_escape_sequence_in_an_answer_cannot_rewrite_the_terminal() -> None:
    assert printable("a\x1b[2Jb\x9b1A\nc\td") == "a[2Jb1A\nc\td"


def test_the_line_under_the_answer_says_who_how_and_what_it_took() -> None:
    events = (BILL, Usage("2", "large"), Decision("vote", "small", "2 of 2 agree"), Finish())
    line = summary(Answer(events), 1.5)
    assert (
        line == "— small, large · vote: 2 of 2 agree · 5 tokens · 1.50 s · stayed on this machine"
    )


def test_a_model_asked_twice_is_counted() -> None:
    assert "small ×2" in summary(Answer((BILL, BILL, Finish())), 1.0)


def test_estimated_tokens_are_called_so() -> None:
    estimate = Usage("1", "small", output_tokens=7, estimated=True)
    assert "about 7 tokens" in summary(Answer((estimate, Finish())), 1.0)


def test_the_line_is_one_line_whatever_a_reason_holds() -> None:
    events = (BILL, Decision("judge", "x", "two\nlines"), Finish())
    assert "\n" not in summary(Answer(events), 1.0)


def test_the_farthest_call_says_how_far_it_went() -> None:
    far = Usage("2", "cloud", where=Clearance.WORLD, cost_usd=0.0123)
    assert travelled([BILL, far]) == "left your network · $0.0123"


def test_json_is_one_object_and_nothing_else() -> None:
    out = io.StringIO()
    shown = Shown(json=True, out=out)
    for event in (BILL, Text("42"), Finish(model="small")):
        shown.feed(event)
    shown.end("auto")
    told = msgspec.json.decode(out.getvalue())
    assert (told["answer"], told["route"], told["models"]) == ("42", "auto", ["small"])


def test_in_a_pipe_only_the_answer_goes_to_standard_output() -> None:
    out = io.StringIO()
    shown = Shown(out=out)
    for event in (BILL, Text("42"), Finish(model="small")):
        shown.feed(event)
    shown.end("auto")
    assert out.getvalue() == "42\n"


def test_nothing_is_dimmed_where_no_colour_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TERM", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert dim("x", Terminal()) == "\x1b[2mx\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert dim("x", Terminal()) == "x"
    monkeypatch.delenv("NO_COLOR")
    monkeypatch.setenv("TERM", "dumb")
    assert dim("x", Terminal()) == "x"


def shown_work(monkeypatch: pytest.MonkeyPatch, columns: int, *notes: Event) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    out = io.StringIO()
    show_work(Answer((*notes, Finish())), out)
    return out.getvalue()


LONG = " ".join(["several words in a row"] * 8)


def test_two_long_answers_stand_side_by_side_in_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = (Candidate("vote", "a", LONG, "x" * 90, kept=True), Candidate("vote", "b", LONG))
    top, *_ = lines = shown_work(monkeypatch, 80, *pair).splitlines()
    assert "a ✓" in top
    assert " b " in top
    assert max(map(len, lines)) <= 80


def test_in_a_narrow_terminal_they_stand_below_each_other(monkeypatch: pytest.MonkeyPatch) -> None:
    pair = (Candidate("vote", "a", LONG), Candidate("vote", "b", LONG))
    top, *_ = lines = shown_work(monkeypatch, 60, *pair).splitlines()
    assert " b " not in top
    assert max(map(len, lines)) <= 60


def test_a_short_answer_has_room_for_what_was_found_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    out = shown_work(monkeypatch, 80, Candidate("vote", "c", "42", "42"))
    assert "─ = 42 ─" in out


def test_the_line_under_the_answer_is_not_broken_within_a_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    monkeypatch.setenv("NO_COLOR", "1")
    out = Terminal()
    shown = Shown(out=out)
    for event in (BILL, Text("42"), Finish(model="small")):
        shown.feed(event)
    shown.end("auto")
    assert max(map(len, out.getvalue().splitlines())) <= 30
