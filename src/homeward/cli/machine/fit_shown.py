"""What ``homeward fit MODEL`` shows in a terminal: the verdict, what fills the memory, and why."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from rich.console import Console
from rich.text import Text

from homeward.cli.machine.fit_table import tokens_a_second
from homeward.cli.text import printable
from homeward.machine.fit import WHAT, Fit
from homeward.machine.recommend.verdict import Verdict
from homeward.machine.sizes import shown

if TYPE_CHECKING:
    from homeward.machine.estimate import Basis, Range

WIDEST = 100
STYLES = {
    Verdict.WELL: "bold green",
    Verdict.RUNS: "bold yellow",
    Verdict.SLOW: "bold yellow",
    Verdict.NOT: "bold red",
    Verdict.FITS: "bold green",
}


CALLED = {"kv": "cache", "overhead": "runtime", "shapes": "model"}  # as the bar calls them


class Piece(NamedTuple):
    """Of the bar: its letter in the legend and, where blocks cannot be written, in plain text."""

    name: str
    size: int
    block: str
    letter: str
    style: str


def console(widest: int = WIDEST) -> Console:
    """Plain in a pipe, without colours where NO_COLOR is set; never wider than is read well."""
    found = Console(highlight=False)
    if found.width > widest:
        found = Console(highlight=False, width=widest)
    return found


def card(found: Fit) -> None:
    out = console()
    for words in textwrap.wrap(printable(headline(found)), out.width - 1):
        out.print(Text(words, style=STYLES[found.verdict]))
    setting = f"{found.model} at {found.quant}, {found.context:,} tokens, cache {found.kv}"
    if found.parallel > 1:
        setting += f", {found.parallel} slots"
    out.print(Text(printable(setting)))
    out.print()
    room = room_of(found) + found.total_bytes - used_of(found)  # with what lies elsewhere
    for line in bar(pieces(found), room, out.width, plain=out.options.ascii_only):
        out.print(line)
    out.print()
    for line in hung(list(facts(found)), out.width):
        out.print(line)
    out.print()
    out.print(Text("where the numbers are from", style="dim"))
    sources = [(CALLED.get(name, name), told(basis, name)) for name, basis in found.basis.items()]
    for line in hung(sources, out.width):
        out.print(line)


def headline(found: Fit) -> str:
    """The verdict in one line, as ``runs well on this machine: ~35 tok/s, 7.2 of 22.1 GiB``."""
    room, used = room_of(found), used_of(found)
    if found.verdict is Verdict.NOT:
        return f"does not fit this machine: {shown(used)}, and {shown(room)} are free"
    if found.verdict is Verdict.FITS:
        return f"fits this machine: {of(used, room)}; {WHAT[found.kind]}"
    slow = found.verdict is Verdict.SLOW
    word = "runs, but too slowly to read along," if slow else found.verdict
    speed = tokens_a_second(found.decode_tok_s.mid)
    return f"{word} on this machine: ~{speed} tok/s, {of(used, room)}"


def used_of(found: Fit) -> int:
    """Bytes of `room_of` that it takes: on GPUs, without what stays in main memory beside them."""
    if found.placement.where == "gpu":
        return sum(found.placement.gpu_bytes.values())
    return found.total_bytes


def room_of(found: Fit) -> int:
    """Bytes for a model where it lies; where it would lie, if it fits nowhere.

    Of main memory it is what is free less the system's share, as in `Fit.because`.
    """
    machine, gpus = found.machine, found.machine.gpus
    free = [int(gpu["free"]) for gpu in gpus]
    of_gpus = sum(free[number] for number in found.placement.gpu_bytes if number < len(free))
    match found.placement.where:
        case "gpu":
            return of_gpus
        case "ram":
            return machine.ram_room
        case "split":
            pooled = any(gpu["unified"] for gpu in gpus)
            both = of_gpus + machine.ram_room
            return max(of_gpus, machine.ram_room) if pooled else both
        case _:
            own = sum(int(gpu["free"]) for gpu in gpus if not gpu["unified"])
            return own + machine.ram_room


def pieces(found: Fit) -> list[Piece]:
    every = [
        Piece("weights", found.weights_bytes, "█", "W", "blue"),
        Piece("cache", found.kv_bytes, "▓", "K", "magenta"),
        Piece("compute", found.compute_bytes, "▒", "c", "cyan"),
        Piece("projector", found.projector_bytes, "▚", "p", "yellow"),
        Piece("runtime", found.overhead_bytes, "░", "r", "white"),
    ]
    return [piece for piece in every if piece.size]


def bar(parts: Sequence[Piece], room: int, width: int, *, plain: bool = False) -> Iterator[Text]:
    """One line of blocks, as wide as the terminal, and a legend under it that wraps."""
    taken = sum(part.size for part in parts)
    free = max(0, room - taken)
    every = [*parts, Piece("free", free, "·", ".", "dim")] if free else list(parts)
    cells = shares([part.size for part in every], max(10, width - 1))
    line = Text()
    for part, count in zip(every, cells, strict=True):
        line.append((part.letter if plain else part.block) * count, style=part.style)
    yield line
    if taken > room:
        yield Text(f"{shown(taken - room)} more than there is", style="red")
    yield from _legend(every, width, plain=plain)


def _legend(every: Sequence[Piece], width: int, *, plain: bool) -> Iterator[Text]:
    """Its entries are not broken, the lines between them are."""
    line = Text()
    for part in every:
        mark = part.letter if plain else part.block
        entry = Text.assemble((mark, part.style), f" {part.name} {shown(part.size)}")
        if line and line.cell_len + 2 + entry.cell_len >= width:
            yield line
            line = Text()
        line = Text.assemble(line, "  ", entry) if line else entry
    yield line


def shares(sizes: Sequence[int], cells: int) -> list[int]:
    """So many cells for each, in proportion, at least one each; together exactly ``cells``."""
    total = sum(sizes) or 1
    ends = [sum(sizes[: at + 1]) * (cells - len(sizes)) // total for at in range(len(sizes))]
    return [1 + end - before for before, end in zip([0, *ends], ends, strict=False)]


def facts(found: Fit) -> Iterator[tuple[str, str]]:
    if found.verdict not in (Verdict.NOT, Verdict.FITS):
        at = f", with {found.depth:,} tokens before" if found.depth else ""
        yield "answers", f"{_range(found.decode_tok_s)}{at}"
        yield "prompts", _range(found.prefill_tok_s)
    longest = found.longest_context
    if longest:
        trained = f", {found.trained_context:,} trained" if found.trained_context else ""
        yield "context", f"{found.context:,}; the longest that fits is {longest:,}{trained}"
    if found.because:
        yield "because", found.because
    for each in found.remedies:
        yield "to fit", each
    for each in found.warnings:
        yield "beware", each
    licence = found.licence
    yield "licence", f"{licence.name}; commercial use: {licence.commercial}"
    for condition in licence.conditions:
        yield "", condition


def told(basis: "Basis", name: str) -> str:
    """How sure it is: ``exact`` where no band is given."""
    if basis.low is None or basis.high is None:
        return f"{basis.how}: {basis.source}"
    if name == "speed":
        digits = ",.0f" if basis.low >= 10 else ".2g"
        band = f"{basis.low:{digits}} to {basis.high:{digits}} tokens/s"
    else:
        band = f"{shown(int(basis.low))} to {shown(int(basis.high))}"
    return f"{basis.how}: {basis.source} ({band})"


def hung(rows: Sequence[tuple[str, str]], width: int) -> Iterator[Text]:
    """Two columns, the second wrapped; a name is said once for the rows that follow with it."""
    indent = max((len(name) for name, _ in rows), default=0) + 2
    before = ""
    for name, words in rows:
        label = "" if name == before else name
        before = name
        for line in textwrap.wrap(printable(words), max(width - 1 - indent, 16)) or [""]:
            yield Text.assemble((label.ljust(indent), "dim"), line)
            label = ""


def _range(speed: "Range") -> str:
    low, mid, high = map(tokens_a_second, (speed.low, speed.mid, speed.high))
    return f"about {mid} tokens/s ({low} to {high})"


def of(part: int, whole: int) -> str:
    """``7.2 of 22.1 GiB``."""
    first, second = shown(part).split(), shown(whole).split()
    same = first[1] == second[1]
    return f"{first[0] if same else ' '.join(first)} of {' '.join(second)}"
