"""Canvas: dots and letters on a grid of character cells.

In braille a cell has 2 x 4 dots (Unicode's block U+2800 has a character for each set of them); in
plain letters it has one.
"""

from collections.abc import Iterator, Sequence

BRAILLE = 0x2800
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
"""The bit of a dot, by its column and by its row from the top."""

RESET = "\x1b[0m"


class Canvas:
    """Places are shares of the width and the height, 0 to 1, from the lower left."""

    def __init__(self, columns: int, rows: int, *, braille: bool) -> None:
        self.columns = columns
        self.rows = rows
        self.braille = braille
        self._dots: dict[tuple[int, int], int] = {}
        self._letters: dict[tuple[int, int], str] = {}
        self._colours: dict[tuple[int, int], str] = {}

    def line(
        self,
        points: Sequence[tuple[float, float]],
        mark: str = "*",
        dash: Sequence[int] = (1,),
        colour: str = "",
    ) -> None:
        """Join the points: by dots, so many on, so many off and so on; by ``mark`` in letters."""
        pattern = [turn % 2 == 0 for turn, many in enumerate(dash) for _ in range(many)]
        for place, dot in enumerate(self._walked(points)):
            if self.braille and pattern[place % len(pattern)]:
                cell = (dot[0] // 2, dot[1] // 4)
                self._dots[cell] = self._dots.get(cell, 0) | DOTS[dot[0] % 2][dot[1] % 4]
                self._colours[cell] = colour
            elif not self.braille:
                self._letters[dot] = mark
                self._colours[dot] = colour

    def put(self, point: tuple[float, float], letter: str, taken: set[tuple[int, int]]) -> None:
        """A letter in the nearest cell that is not ``taken``, which then has this one too."""
        column, row = self._place(point, self.columns, self.rows)
        cells = ((x, y) for x in range(self.columns) for y in range(self.rows))
        free = (cell for cell in cells if cell not in taken)
        # a cell is about twice as high as wide
        nearest = min(
            free,
            key=lambda cell: (abs(cell[0] - column) + 2 * abs(cell[1] - row), cell),
            default=None,
        )
        if nearest is not None:
            taken.add(nearest)
            self._letters[nearest] = letter
            self._colours[nearest] = ""

    def text(self) -> list[str]:
        """The rows from the top, without blanks at their ends."""
        return [
            "".join(self._cell((column, row)) for column in range(self.columns)).rstrip()
            for row in range(self.rows)
        ]

    def _cell(self, cell: tuple[int, int]) -> str:
        dots = self._dots.get(cell)
        shown = self._letters.get(cell, " " if dots is None else chr(BRAILLE + dots))
        colour = self._colours.get(cell)
        return f"{colour}{shown}{RESET}" if colour else shown

    def _walked(self, points: Sequence[tuple[float, float]]) -> Iterator[tuple[int, int]]:
        """The dots from point to point, each once in a row."""
        across, down = (2, 4) if self.braille else (1, 1)
        grid = [self._place(point, self.columns * across, self.rows * down) for point in points]
        last = None
        for at, (x, y) in enumerate(grid):
            from_x, from_y = grid[max(at - 1, 0)]
            steps = max(abs(x - from_x), abs(y - from_y), 1)
            for step in range(steps + 1):
                dot = (
                    from_x + _rounded(step * (x - from_x), steps),
                    from_y + _rounded(step * (y - from_y), steps),
                )
                if dot != last:
                    last = dot
                    yield dot

    @staticmethod
    def _place(point: tuple[float, float], columns: int, rows: int) -> tuple[int, int]:
        x = min(max(int(point[0] * (columns - 1) + 0.5), 0), columns - 1)
        y = min(max(int((1 - point[1]) * (rows - 1) + 0.5), 0), rows - 1)
        return x, y


def _rounded(part: int, whole: int) -> int:
    """The nearest integer to their quotient, halves upwards, in integers alone."""
    return (2 * part + whole) // (2 * whole)
