"""What ``homeward fit`` shows of a machine: what it runs, and with ``--doctor`` what it said."""

import textwrap
from collections.abc import Iterable, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from rich.text import Text

from homeward.cli.machine.fit_shown import console, hung, of
from homeward.cli.machine.fit_table import NARROWEST, columns, first, head, row
from homeward.cli.text import printable
from homeward.machine.estimate import How
from homeward.machine.memory.placing import ram_room
from homeward.machine.sizes import shown, shown_bandwidth

if TYPE_CHECKING:
    from rich.console import Console

    from homeward.machine.estimate import Use
    from homeward.machine.hardware import Gpu, Hardware
    from homeward.machine.recommend.advice import Advice
    from homeward.machine.recommend.recommend import Recommendations

UNSCORED = "models without a published score are placed by size and date"
WIDEST = 120
MOST = {"runs well": 8, "runs": 8, "too slow": 3, "does not fit": 3}


def listed(found: "Recommendations", hardware: "Hardware", use: "Use", *, every: bool) -> None:
    out = console(WIDEST)
    _machine(out, hardware)
    groups = {
        "runs well": (found.runs_well, "green"),
        "runs": (found.runs, "yellow"),
        "too slow": (found.too_slow, "yellow"),
        "does not fit": (found.does_not_fit, "red"),
    }
    best = f", best first for {found.task}" if found.task else ""
    out.print(Text(f"with {use.context:,} tokens of context at most{best}", style="dim"))
    chosen = {
        name: advised if every else first(advised, MOST[name])
        for name, (advised, _) in groups.items()
    }
    wide = columns(out.width, chain.from_iterable(chosen.values()))
    for name, (advised, style) in groups.items():
        if not advised:
            continue
        out.print()
        out.print(Text(name, style=f"bold {style}"))
        if out.width >= NARROWEST:
            out.print(Text(head(wide), style="dim"))
            for each in chosen[name]:
                out.print(Text(row(wide, each)))
        else:
            _told(out, chosen[name])
        if left := len(advised) - len(chosen[name]):
            out.print(Text(f"and {left} more: --all", style="dim"))
    nothing = not (found.runs_well or found.runs or found.too_slow)
    if nothing:
        out.print(Text("nothing of the catalogue fits: a shorter --context needs less"))
    out.print()
    hint = "homeward fit MODEL tells all of one; --all names every model; --task code sorts"
    words = f"{UNSCORED}; {hint}" if _unscored(found) else hint
    out.print(Text("\n".join(textwrap.wrap(words, out.width - 1))), style="dim")


def _unscored(found: "Recommendations") -> bool:
    return not all(each.published for each in (*found.runs_well, *found.runs))


def _machine(out: "Console", hardware: "Hardware") -> None:
    for told in machine_lines(hardware):
        for line in textwrap.wrap(printable(told), out.width - 1):
            out.print(Text(line))


def machine_lines(hardware: "Hardware") -> Iterable[str]:
    """Two lines, and one more for each further GPU.

    Of main memory it is what a model may have: the system's share is never counted.
    """
    basis = hardware.basis.get("ram_total")
    real = basis is None or basis.how is not How.GIVEN
    container = ", within the container's limit" if hardware.container and real else ""
    free = of(ram_room(hardware), hardware.ram_total)
    told = f"{free} main memory free for a model{container}"
    yield f"{hardware.cpu or 'CPU'}, {hardware.cores} cores; {told}"
    if not hardware.gpus:
        yield "no GPU"
    for gpu in hardware.gpus:
        yield gpu_line(gpu)


def gpu_line(gpu: "Gpu") -> str:
    kind = " (shares main memory)" if gpu.unified else " (integrated)" if gpu.integrated else ""
    fast = f", {gpu.bandwidth / 1e9:,.0f} GB/s" if gpu.bandwidth else ""
    return f"{gpu.name}{kind}: {of(gpu.free, gpu.total)} free{fast}"


def _told(out: "Console", advised: "Sequence[Advice]") -> None:
    """In a narrow terminal each has lines of its own."""
    for each in advised:
        tag = f"  {each.ollama}" if each.ollama and each.ollama != each.name else ""
        out.print(Text.assemble("  ", (printable(each.name), "bold"), (printable(tag), "dim")))
        for line in hung([("", _about(each))], out.width - 2):
            out.print(Text("  ").append_text(line), style="dim")


def _about(advice: "Advice") -> str:
    room = f"; there is room for {advice.room_for}" if advice.room_for else ""
    free = "" if advice.commercial == "yes" else f", commercial use: {advice.commercial}"
    return f"{advice.quant}: {advice.why}{room}; {advice.licence}{free}"


# ---------------------------------------------------------------- --doctor


def examined(hardware: "Hardware") -> None:
    """Every probe: what it said, how long it took, and what to do where it said nothing."""
    out = console()
    _machine(out, hardware)
    for name, basis in hardware.basis.items():
        size = getattr(hardware, name, 0)
        told = shown_bandwidth(size) if name.endswith("bandwidth") else shown(size)
        out.print(Text(printable(f"{name}: {told}; {basis.how}, {basis.source}"), style="dim"))
    out.print()
    asked = []
    for probe in hardware.probes:
        name = f"{probe.name} ({probe.seconds * 1000:.0f} ms)"
        asked += [(name, words) for words in (probe.found, probe.problem) if words]
    for line in hung(asked, out.width):
        out.print(line)
