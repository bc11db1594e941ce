"""What ``homeward fit --fleet`` shows in a terminal: the memories as bars, and three verdicts."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.text import Text

from homeward.cli.machine.fit_shown import console, shares
from homeward.cli.text import printable
from homeward.machine.estimate import Range
from homeward.machine.fleet.packing import Place
from homeward.machine.fleet.plan import Plan
from homeward.machine.fleet.written import environment
from homeward.machine.sizes import shown

STYLES = ("blue", "magenta", "cyan", "yellow", "green", "red")
BLOCKS = "█▓▒░"
_WORDS = {"never": "does not keep", "sometimes": "keeps only in some orders"}


def show(plan: Plan) -> None:
    out = console()
    _bars(plan, out)
    for head, lines in (
        ("in memory", _memory(plan)),
        (f"in Ollama {plan.rules.release}", _ollama(plan)),
        ("turns", _turns(plan)),
        ("settings", _settings(plan)),
    ):
        out.print()
        out.print(Text(head, style="dim"))
        for line in lines:
            out.print(Text(printable(line)))


def _bars(plan: Plan, out: Console) -> None:
    plain = out.options.ascii_only
    names = [member.name for member in plan.members]
    for at, place in enumerate(plan.places):
        used = plan.packing.used[at] if plan.packing else {}
        out.print(Text(printable(f"{place.name}: {shown(place.budget)} may be used")))
        for line in bar(place, used, names, out.width, plain=plain):
            out.print(line)


def bar(
    place: Place, used: Mapping[str, int], names: Sequence[str], width: int, *, plain: bool
) -> Iterator[Text]:
    """One line, in proportion, and a legend; letters where blocks cannot be written."""
    free = max(0, place.budget - sum(used.values()))
    sizes = [*used.values(), *([free] if free else [])]
    if not sizes:
        return
    marks = [_mark(names.index(name), plain=plain) for name in used]
    marks += [(".", "dim")] if free and plain else [("·", "dim")] if free else []
    line, legend = Text(), Text()
    cells = shares(sizes, max(10, width - 1))
    labels = [*used, *(["free"] if free else [])]
    for (mark, style), count, label, size in zip(marks, cells, labels, sizes, strict=True):
        line.append(mark * count, style=style)
        legend.append("  " if legend else "")
        legend.append(mark, style=style)
        legend.append(f"\u00a0{printable(label)}\u00a0{shown(size)}".replace(" ", "\u00a0"))
    yield line
    yield legend


def _mark(at: int, *, plain: bool) -> tuple[str, str]:
    mark = chr(ord("A") + at % 26) if plain else BLOCKS[at % len(BLOCKS)]
    return mark, STYLES[at % len(STYLES)]


def _memory(plan: Plan) -> Iterator[str]:
    if plan.fits:
        yield "They fit together."
    elif plan.grouping.groups:
        yield f"They do not fit together; the bars show {_listed(plan.together)}."
    for name in plan.grouping.alone:
        yield f"{name} does not fit even alone: a part of it would stay in main memory."


def _ollama(plan: Plan) -> Iterator[str]:
    found = plan.ollama
    if found.together == "always" and not plan.fits:
        yield _overcommitted(plan)
    elif found.together == "always":
        yield "It keeps all of them loaded, whichever is asked first."
    elif found.together == "never":
        yield "It does not keep all of them loaded, whichever is asked first."
    elif found.first:
        yield f"It keeps all of them loaded only if {' or '.join(found.first)} is asked first."
    else:
        yield (
            f"It keeps all of them loaded in {found.holds} of {found.orders} orders, "
            f"as {', '.join(found.example)}."
        )
    for step in found.steps:
        compared = (
            f" ({shown(step.predicted)} of {shown(step.available)})" if step.available else ""
        )
        evicts = f", and evicts {_listed(step.evicts)}" if step.evicts else ""
        does = "cannot load" if step.failed else "loads" if step.loads else "is there"
        yield f"  {step.name} {does}: {step.because}{compared}{evicts}"
    for name in found.spills:
        yield f"  {name} would lie partly in main memory, and be slow."
    if found.reloads:
        yield f"Asked one after another in this order, {found.reloads} load anew in each round."


def _overcommitted(plan: Plan) -> str:
    """Both are true: there is no memory for them, and they are let in."""
    if any(place.gpu is not None for place in plan.places):
        return (
            "Careful: it keeps all of them loaded, whichever is asked first, although they do not "
            "fit together, for it predicts less than they take."
        )
    return (
        "Careful: it keeps all of them loaded although they do not fit together, for without a GPU "
        "it counts models and not memory: the machine would swap, or end one of them, so let them "
        "take turns, or set OLLAMA_MAX_LOADED_MODELS=1."
    )


def _turns(plan: Plan) -> Iterator[str]:
    grouping, panel = plan.grouping, plan.panel
    if not grouping.groups:
        yield "Nobody has to take turns."
    else:
        if grouping.residents:
            yield f"{_listed(grouping.residents)} can stay."
        turns = "; ".join(_listed(group) for group in grouping.groups)
        yield f"These take turns: {turns}."
        for each, kept in zip(grouping.groups, plan.groups_kept, strict=True):
            names = (*grouping.residents, *each)
            if kept != "always" and len(names) > 1:
                yield f"  Ollama {_WORDS[kept]} {_listed(names)} together"
    for load in plan.loads:
        yield f"  {load.name} loads in {_seconds(load.seconds)}: {shown(load.size)}"
    yield f"  from {plan.loads[0].basis.source} ({plan.loads[0].basis.how})"
    if grouping.groups:
        yield (
            f"A panel over {panel.prompts} prompts loads for {_seconds(panel.model_by_model)} "
            f"model by model, and for {_seconds(panel.prompt_by_prompt)} prompt by prompt."
        )


def _settings(plan: Plan) -> Iterator[str]:
    advised = plan.settings
    if advised.changes:
        aim = "Ollama keeps them together" if advised.reach == "ollama" else "they fit together"
        yield f"With these changes {aim}: {'; '.join(advised.changes)}."
    if advised.leave_out:
        out = _listed(advised.leave_out)
        yield f"No smaller context is enough: leave out {out}, or let them take turns."
    for name, value in environment(plan).items():
        yield f"  {name}={value}"
    yield "Write it with --write ollama, systemd, llama-swap or homeward."


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _seconds(each: Range) -> str:
    return f"{each.mid:,.1f} s ({each.low:,.1f} to {each.high:,.1f})"
