from hypothesis import given
from hypothesis import strategies as st

from homeward.learn.plots.canvas import Canvas

SHARES = st.floats(0, 1)


def test_a_diagonal_in_braille() -> None:
    canvas = Canvas(2, 1, braille=True)
    canvas.line([(0, 0), (1, 1)])
    assert canvas.text() == ["⡠⠊"]


def test_a_diagonal_in_letters() -> None:
    canvas = Canvas(3, 3, braille=False)
    canvas.line([(0, 0), (1, 1)])
    assert canvas.text() == ["  *", " *", "*"]


def test_a_dash_leaves_dots_out() -> None:
    canvas = Canvas(4, 1, braille=True)
    canvas.line([(0, 1), (1, 1)], dash=(2, 2))
    assert canvas.text() == ["⠉ ⠉"]


def test_a_dash_goes_on_from_piece_to_piece() -> None:
    whole, pieces = Canvas(4, 1, braille=True), Canvas(4, 1, braille=True)
    whole.line([(0, 1), (1, 1)], dash=(2, 1))
    pieces.line([(at / 100, 1) for at in range(101)], dash=(2, 1))
    assert pieces.text() == whole.text()


def test_lines_that_cross_share_a_cell() -> None:
    canvas = Canvas(1, 1, braille=True)
    canvas.line([(0, 0), (0, 1)])
    canvas.line([(1, 0), (1, 1)])
    assert canvas.text() == ["⣿"]


def test_a_single_point_is_a_dot() -> None:
    canvas = Canvas(1, 1, braille=True)
    canvas.line([(0, 1)])
    assert canvas.text() == ["⠁"]


def test_a_letter_lies_over_a_line() -> None:
    canvas = Canvas(3, 1, braille=False)
    canvas.line([(0, 0), (1, 0)])
    canvas.put((0.5, 0), "A", set())
    assert canvas.text() == ["*A*"]


def test_a_second_letter_goes_beside_the_first() -> None:
    canvas, taken = Canvas(3, 1, braille=True), set[tuple[int, int]]()
    for letter in "ABCD":
        canvas.put((0.5, 0), letter, taken)
    assert canvas.text() == ["BAC"]


def test_a_colour_is_closed_in_every_cell() -> None:
    canvas = Canvas(2, 1, braille=False)
    canvas.line([(0, 0), (0, 0)], colour="\x1b[32m")
    assert canvas.text() == ["\x1b[32m*\x1b[0m"]


@given(st.lists(st.tuples(SHARES, SHARES), min_size=1, max_size=8), st.booleans())
def test_no_row_is_wider_than_the_canvas(
    points: list[tuple[float, float]],
    braille: bool,  # noqa: FBT001  hypothesis gives it by its name
) -> None:
    canvas = Canvas(7, 4, braille=braille)
    canvas.line(points)
    rows = canvas.text()
    assert len(rows) == 4
    assert all(len(row) <= 7 for row in rows)
    assert any(rows)
