"""The bandwidth of a GPU: the table's, checked by clock and width of the bus.

Where they differ widely the lower is taken, with both as the band: a card may have slower memory
than others of its name, and a driver may tell a clock that is never reached.
"""

from homeward.machine.estimate import Basis, How
from homeward.machine.gpus import Row
from homeward.machine.gpus import basis as published
from homeward.machine.sizes import shown_bandwidth

CLOSE = 0.15  # two figures of one bandwidth that differ by more are not of the same thing


def checked(
    row: Row | None, clock: int | None, width: int | None, transfers: int, source: str
) -> tuple[float, Basis | None]:
    """In bytes a second. ``clock`` in MHz, ``width`` in bits, ``transfers`` a cycle, as told."""
    table = row.bandwidth if row else 0.0
    clocks = transfers * 1e6 * clock * width / 8 if clock and width else 0.0
    said = f"{source}: {clock} MHz x {transfers} x {width} bit = {shown_bandwidth(clocks)}"
    if row is None or not table:
        return clocks, Basis(how=How.TABLE, source=said) if clocks else None
    how = published(row)
    if not clocks:
        return table, how
    if abs(clocks - table) <= CLOSE * table:
        return table, Basis(how=How.TABLE, source=f"{how.source}; {said} agrees")
    low, high = sorted((table, clocks))
    differ = f"{how.source} says {shown_bandwidth(table)}, but {said}; the lower is taken"
    return low, Basis(how=How.TABLE, source=differ, low=low, high=high)
