"""The models of ``homeward fit`` as a table, a line for each, where a terminal is wide enough."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from homeward.cli.text import printable, shorten
from homeward.machine.recommend.verdict import Verdict
from homeward.machine.sizes import shown

if TYPE_CHECKING:
    from homeward.machine.recommend.advice import Advice

NARROWEST = 80
"""Columns, below which each model has lines of its own."""

OF_A_FAMILY = 2
"""Of so many that are shown first; others of the family are among the rest."""

QUANT, MEMORY, WHERE, SPEED = 6, 9, 5, 5
LEAST_NAME, LONGEST_NAME = 16, 30
LICENCE = 20, 39
EVIDENCE = 13, 20
"""The least that is worth a column, and what suffices before the licence has more than usual."""

CALLED = {"gpu": "GPU", "ram": "RAM", "split": "both", "none": "-"}
SHORT = {"conditional": "cond."}


def first(advised: "Sequence[Advice]", most: int) -> "Sequence[Advice]":
    """The best of them, so many at most, and no family more than twice."""
    found: list[Advice] = []
    families: Counter[str] = Counter()
    for each in advised:
        if len(found) < most and families[each.family] < OF_A_FAMILY:
            families[each.family] += 1
            found.append(each)
    return found


class Columns(NamedTuple):
    """Widths that depend on the terminal's; without ``evidence`` there is no such column."""

    name: int
    licence: int
    evidence: int


def columns(width: int, advised: "Iterable[Advice]") -> Columns:
    """For a terminal of that width. Names are not cut, if they can be helped: people type them."""
    longest = max((len(each.name) for each in advised), default=0)
    name = min(max(longest, LEAST_NAME), LONGEST_NAME)
    left = width - 1 - sum(each + 2 for each in (name, QUANT, MEMORY, WHERE, SPEED))
    (least, enough), (usual, most) = EVIDENCE, LICENCE
    licence = min(most, max(usual, left - 2 - enough))
    evidence = left - 2 - licence
    return Columns(name, licence, evidence) if evidence >= least else Columns(name, left, 0)


def head(wide: Columns) -> str:
    return _line(wide, "NAME", "QUANT", "MEMORY", "WHERE", "TOK/S", "LICENCE", "EVIDENCE")


def row(wide: Columns, advice: "Advice") -> str:
    """One line, of a terminal's width less one at most."""
    fits = advice.verdict is not Verdict.NOT
    return _line(
        wide,
        printable(advice.name),
        advice.quant.partition("_MOE")[0],
        shown(advice.total_bytes),
        CALLED.get(advice.where, advice.where),
        tokens_a_second(advice.decode_tok_s.mid) if fits else "",
        _licence(advice, wide.licence),
        _evidence(advice),
    )


def _line(
    wide: Columns,
    name: str,
    quant: str,
    memory: str,
    where: str,
    speed: str,
    licence: str,
    evidence: str,
) -> str:
    cells = [
        shorten(name, wide.name).ljust(wide.name),
        shorten(quant, QUANT).ljust(QUANT),
        memory.rjust(MEMORY),
        where.ljust(WHERE),
        speed.rjust(SPEED),
        shorten(licence, wide.licence).ljust(wide.licence),
        shorten(evidence, wide.evidence) if wide.evidence else "",
    ]
    return "  ".join(cells).rstrip()


def _licence(advice: "Advice", width: int) -> str:
    """``gemma (conditional)``: what is said of commercial use is shortened, and never cut off."""
    if advice.commercial == "yes":
        return advice.licence
    whole = f"{advice.licence} ({advice.commercial})"
    if len(whole) <= width:
        return whole
    said = f" ({SHORT.get(advice.commercial, advice.commercial)})"
    return shorten(advice.licence, max(width - len(said), 1)) + said


def _evidence(advice: "Advice") -> str:
    """The score first: a benchmark's name may be cut."""
    if advice.published and advice.evidence:
        found = advice.evidence[0]
        return f"{found.score:.2f} {found.benchmark}"
    return "size and date"


def tokens_a_second(value: float) -> str:
    """``1,250``, ``35``, ``4.2``."""
    return f"{value:,.0f}" if value >= 9.95 else f"{value:.1f}"
