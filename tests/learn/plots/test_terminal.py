import io
import re
from typing import Any

import pytest
from msgspec.structs import replace

from homeward.learn.plots.picture import Picture, Points
from homeward.learn.plots.terminal import draw, show
from tests.learn.plots.pictures import SMALL

LETTERS = """
Quality against cost
AIQ 0.75
quality
  1 +                ****************B
    |             ***        ------
    |          ***     ------
0.5 +       ***  ------
    |    ***-----
  0 +  A*--
    +--+--------------+--------------+--
       0              5             10
                                     USD
-----  hull
*****  route
A ... single models:
  A tiny (0, 0)   B huge (10, 1)
"""

BRAILLE = """
Quality against cost
AIQ 0.75
quality
  1 ┤                ⡠⠔⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⠒⢒⣒⠶B⠂
    │             ⡠⠔⠉       ⢀ ⠠⠔⠒
    │          ⡠⠔⠉    ⢀⣀⠤ ⠐⠉⠁
0.5 ┤      ⢀⡠⠒⠉ ⢀ ⠠⠔⠒
    │   ⢀⡠⢒⣁⠤ ⠐⠉⠁
  0 ┤ ⠠A⠓
    └──┬──────────────┬──────────────┬──
       0              5             10
                                     USD
⠤⠤⠄ ⠤  hull
⠤⠤⠤⠤⠤  route
A ... single models:
  A tiny (0, 0)   B huge (10, 1)
"""


class Terminal(io.TextIOWrapper):
    """A stream in some encoding that says it is a terminal."""

    def __init__(self, encoding: str, *, interactive: bool = True) -> None:
        super().__init__(io.BytesIO(), encoding=encoding, errors="strict")
        self.interactive = interactive

    def isatty(self) -> bool:
        return self.interactive

    def said(self) -> str:
        self.seek(0)
        return self.read()


@pytest.fixture(autouse=True)
def colourful(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "40")


def test_a_small_picture_in_letters() -> None:
    assert draw(SMALL, 40, 6, braille=False) == LETTERS.strip("\n")


def test_a_small_picture_in_braille() -> None:
    assert draw(SMALL, 40, 6) == BRAILLE.strip("\n")


@pytest.mark.parametrize("width", [1, 40, 61, 80, 100, 300])
@pytest.mark.parametrize("braille", [True, False])
def test_it_fits_the_terminal(width: int, *, braille: bool) -> None:
    names = tuple(f"a model of a very long name, number {place}" for place in range(60))
    many = Points("models", tuple(range(60)), tuple(range(60)), names)
    lines = draw(replace(SMALL, points=many, title="word " * 50), width, braille=braille)
    assert max(map(len, lines.splitlines())) <= min(max(width, 40), 100)


def test_names_cannot_steer_the_terminal() -> None:
    assert SMALL.points is not None
    evil = replace(SMALL, points=replace(SMALL.points, labels=("a\x1b[2Jb", "c\rd")))
    assert "\x1b" not in draw(evil)
    assert "A a?[2Jb (0, 0)" in draw(evil)


def test_two_models_in_one_place_are_both_seen() -> None:
    twins = Points("models", (5.0, 5.0), (0.2, 0.2), ("one", "other"))
    rows = draw(replace(SMALL, points=twins), braille=False).splitlines()
    assert any("BA" in row or "AB" in row for row in rows)


def test_bars_are_drawn_in_letters_too() -> None:
    barred = Points("bins", (5.0,), (0.2,), ("12",), bars=((0.0, 0.8),))
    text = draw(replace(SMALL, lines=(), points=barred), rows=8, braille=False)
    assert len([row for row in text.splitlines() if re.match(r".*[|+].+\|", row)]) >= 4


def test_a_picture_without_points_has_no_letters_to_explain() -> None:
    assert "..." not in draw(replace(SMALL, points=None))


# ---------------------------------------------------------------- show


def shown(encoding: str, **options: Any) -> str:
    out = Terminal(encoding, **options)
    show(SMALL, out)
    return out.said()


def test_a_terminal_gets_braille_in_colour() -> None:
    text = shown("utf-8")
    assert re.search("[\u2801-\u28ff]", text)
    assert "\x1b[1;34m" in text


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_an_encoding_without_braille_gets_letters(encoding: str) -> None:
    assert shown(encoding, interactive=False) == draw(SMALL, 40, braille=False) + "\n"


def test_a_pipe_gets_no_colour() -> None:
    assert "\x1b" not in shown("utf-8", interactive=False)


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_colour_can_be_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    assert "\x1b" not in shown("utf-8")


def test_a_title_that_cannot_be_said_stops_nothing() -> None:
    out = Terminal("ascii", interactive=False)
    show(replace(SMALL, title="Qualität"), out)
    assert "Qualit?t" in out.said()


def test_a_stream_without_encoding_gets_letters() -> None:
    out = io.StringIO()
    show(SMALL, out)
    assert out.getvalue().isascii()


def test_it_is_as_wide_as_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "72")
    assert shown("utf-8", interactive=False) == draw(SMALL, 72) + "\n"


def test_colours_change_nothing_else() -> None:
    coloured = draw(SMALL, colour=True)
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == draw(SMALL)


def test_a_square_shows_shares() -> None:
    assert "1 ┤" in draw(Picture("t", "x", "y", SMALL.lines[:0], square=True))
