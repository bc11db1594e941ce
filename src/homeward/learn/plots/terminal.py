"""A picture in the terminal: in braille dots, or in plain letters where the encoding has none."""

import os
import shutil
import textwrap
from collections.abc import Iterator
from string import ascii_lowercase, ascii_uppercase
from typing import TextIO

from homeward.learn.plots.canvas import Canvas
from homeward.learn.plots.picture import Line, Picture, Points, Range, Role, ranges
from homeward.learn.plots.ticks import number, scale, ticks

ROWS = 18
NARROWEST, WIDEST = 40, 100
SAMPLE = 5  # cells of a line in the legend
NAMES = ascii_uppercase + ascii_lowercase

LETTERS: dict[Role, str] = {
    "route": "*",
    "hull": "-",
    "random": ".",
    "length": "+",
    "oracle": "=",
    "ideal": ".",
}
DASHES: dict[Role, tuple[int, ...]] = {
    "route": (1,),
    "hull": (5, 3),
    "random": (1, 3),
    "length": (5, 2, 2, 2),
    "oracle": (2, 2),
    "ideal": (1, 3),
}
COLOURS: dict[Role, str] = {
    "route": "\x1b[1;34m",
    "hull": "",
    "random": "\x1b[2m",
    "length": "\x1b[33m",
    "oracle": "\x1b[32m",
    "ideal": "\x1b[2m",
}


def show(picture: Picture, out: TextIO) -> None:
    """Print it as wide as the terminal is; in colour only to a terminal that wants it."""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb" or not out.isatty()
    encoding = out.encoding or "ascii"
    text = draw(
        picture,
        shutil.get_terminal_size().columns,
        braille=_can_say("⣿└│┤┬─", encoding),
        colour=not plain,
    )
    print(text.encode(encoding, "replace").decode(encoding), file=out)


def draw(
    picture: Picture,
    width: int = 80,
    rows: int = ROWS,
    *,
    braille: bool = True,
    colour: bool = False,
) -> str:
    """Its text, ``width`` columns wide (of which 40 to 100 are used), with ``rows`` of canvas.

    Points are letters that the legend explains: their names would not fit.
    """
    width = min(max(width, NARROWEST), WIDEST)
    x, y = ranges(picture)
    sides = {int((1 - y.share(at)) * (rows - 1) + 0.5): number(at) for at in ticks(y)}
    margin = max(map(len, sides.values()))
    canvas = Canvas(width - margin - 2, rows, braille=braille)
    for line in picture.lines:
        _line(canvas, line, x, y, colour=colour)
    if picture.points:
        _points(canvas, picture.points, x, y)
    corner, wall, tick = "└│┤" if braille else "+|+"
    floor, words = scale(x, canvas.columns, mark="┬" if braille else "+", line="─-"[not braille])
    indent = " " * (margin + 1)
    return "\n".join(
        [
            *textwrap.wrap(_printable(picture.title), width),
            *textwrap.wrap(_printable(picture.caption), width),
            _printable(picture.y_title),
            *(
                f"{sides.get(row, ''):>{margin}} {tick if row in sides else wall}{text}"
                for row, text in enumerate(canvas.text())
            ),
            f"{indent}{corner}{floor}",
            f"{indent} {words}",
            _printable(picture.x_title).rjust(width),
            *_legend(picture, width, braille=braille, colour=colour),
        ]
    )


def _line(canvas: Canvas, line: Line, x: Range, y: Range, *, colour: bool) -> None:
    spots = [(x.share(a), y.share(b)) for a, b in zip(line.x, line.y, strict=True)]
    paint = COLOURS[line.role] if colour else ""
    canvas.line(spots, LETTERS[line.role], DASHES[line.role], paint)


def _points(canvas: Canvas, points: Points, x: Range, y: Range) -> None:
    for at, (low, high) in zip(points.x, points.bars, strict=False):
        canvas.line([(x.share(at), y.share(end)) for end in (low, high)], "|")
    taken: set[tuple[int, int]] = set()
    for place, spot in enumerate(zip(points.x, points.y, strict=True)):
        canvas.put((x.share(spot[0]), y.share(spot[1])), _letter(place), taken)


def _letter(place: int) -> str:
    return NAMES[place] if place < len(NAMES) else "#"


def _legend(picture: Picture, width: int, *, braille: bool, colour: bool) -> Iterator[str]:
    for line in picture.lines:
        sample = Canvas(SAMPLE, 1, braille=braille)
        level = Line("", line.role, (0.0, 1.0), (0.0, 0.0))
        _line(sample, level, Range(0, 1), Range(-1, 1), colour=colour)
        yield f"{sample.text()[0]}  {_printable(line.name)}"
    points = picture.points
    if points is None or not points.x:
        return
    yield f"{_letter(0)} ... {_printable(points.name)}:"
    yield from _in_columns(
        [
            f"{_letter(place)} {_printable(name)} ({number(a)}, {number(b)})"
            for place, (name, a, b) in enumerate(
                zip(points.labels, points.x, points.y, strict=True)
            )
        ],
        width,
    )


def _in_columns(entries: list[str], width: int) -> Iterator[str]:
    """As many side by side as fit, read from left to right."""
    each = max(map(len, entries)) + 2
    beside = max(1, (width - 2) // each)
    for first in range(0, len(entries), beside):
        row = (entry.ljust(each) for entry in entries[first : first + beside])
        yield f"  {''.join(row)}".rstrip()[:width]


def _printable(text: str) -> str:
    """A model's name is data: an escape sequence in it could rewrite the terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _can_say(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True
