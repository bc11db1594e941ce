"""``homeward fit MODEL --measure``: the model is run, and how fast it was is kept.

Through Ollama where that runs here and has the model, else by the engine inside this package.
"""

import asyncio
import os
import secrets
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from itertools import cycle, islice
from statistics import median
from typing import TYPE_CHECKING

from homeward.cli.text import printable

if TYPE_CHECKING:
    from homeward.cli.machine.timed import Runtime
    from homeward.machine.hardware import Hardware
    from homeward.machine.speed.measured import Run
    from homeward.machine.subject import Subject

REPEATS = 3
ANSWER = 64  # tokens
DEEP = 4096  # tokens
MOST_CONTEXT = DEEP + 1024
SHORT = 32  # words
BUSY = 0.5  # of the cores: others take so much that a run says little of the machine
WORDS = (
    *("the", "river", "and", "a", "house", "with", "many", "small", "rooms", "where", "people"),
    *("speak", "of", "work", "in", "morning", "before", "they", "go", "out", "to", "see", "what"),
    *("is", "new", "old", "town", "by", "sea"),
)


async def measure(name: str, *, json: bool = False) -> "tuple[Run, ...]":
    """Three runs at each of two depths, said on standard output and kept in the store.

    What `homeward.cli.machine.subjects.subject` raises, and what the runtime does. A model of the
    box is named ``box/general``. Ctrl-C keeps nothing.
    """
    from homeward.cli.machine.measured_runs import keep
    from homeward.cli.machine.scanned import scanned
    from homeward.cli.machine.subjects import subject
    from homeward.cli.progress import Progress

    hardware = await asyncio.to_thread(scanned)
    _say_if_busy(hardware)
    found = await subject(name)
    context = min(found.shapes.context or MOST_CONTEXT, MOST_CONTEXT)
    answer = min(ANSWER, context // 4)
    deep = min(DEEP, context - 2 * answer)
    with Progress(2 * REPEATS + 1, name) as progress:
        async with _runtime(name, found, context, hardware) as runtime:
            first = await runtime.ask(" ".join(_words(SHORT, 0)), answer)  # it loads, too
            progress.step()
            here = _used(hardware, await runtime.on_gpu())
            each = max(first.depth / SHORT, 0.5)  # tokens of a word
            made: list[Run] = []
            for count in (SHORT // 2, int(0.9 * deep / each)):
                for repeat in range(REPEATS):
                    prompt = " ".join(_words(count, repeat + 1))
                    timed = await runtime.ask(prompt, answer)
                    read = timed.prefill if count > SHORT else 0.0
                    run = _run(found, here, runtime.name, context, timed.depth, timed.decode, read)
                    made.append(run)
                    progress.step()
    await keep(made)
    _show(made, json=json)
    return tuple(made)


def _say_if_busy(hardware: "Hardware") -> None:
    if not hasattr(os, "getloadavg"):
        return
    load = os.getloadavg()[0]
    if load > BUSY * hardware.cores:
        told = f"load {load:.1f} on {hardware.cores} cores"
        print(f"homeward: this machine is busy ({told}): it will look slower", file=sys.stderr)


def _words(count: int, start: int) -> Iterator[str]:
    """Another beginning each time, so that no prompt is remembered from the one before."""
    return islice(cycle(WORDS), start, start + max(count, 1))


@asynccontextmanager
async def _runtime(
    name: str, found: "Subject", context: int, hardware: "Hardware"
) -> AsyncGenerator["Runtime", None]:
    """ModelMissing where the model is known, but not here."""
    from homeward.backends.http import Http
    from homeward.cli.machine.ollama_subject import has
    from homeward.cli.machine.timed import InOllama, embedded

    if not name.startswith("box/") and not name.lower().endswith(".gguf") and await has(name):
        async with Http() as http:
            yield InOllama(http, name, context)
        return
    _need_file(name, found)
    graphics = hardware.system == "darwin"  # elsewhere the wheels of our engine have none
    async with embedded(name, context, graphics=graphics) as runtime:
        yield runtime


def _need_file(name: str, found: "Subject") -> None:
    if name.startswith("box/") or name.lower().endswith(".gguf"):
        return
    from homeward.backends.shelf import locate
    from homeward.errors import ModelMissing

    try:
        locate(name)
    except ModelMissing:
        entry = found.entry
        ways = [f"`ollama pull {tag}`" for tag in (entry.ollama if entry else ())[:1]]
        ways += [f"`homeward pull {each}`" for each in (entry.gguf if entry else ())[:1]]
        how = f": {' or '.join(ways)}" if ways else ""
        raise ModelMissing(f"{name} is not on this machine; fetch it first{how}") from None


def _used(hardware: "Hardware", on_gpu: float) -> "Hardware":
    """Without GPUs that had no part in it."""
    from homeward.machine.recommend.capped import on_processor

    return hardware if on_gpu > 0 else on_processor(hardware)


def _run(
    found: "Subject",
    hardware: "Hardware",
    runtime: str,
    context: int,
    depth: int,
    decode: float,
    prefill: float,
) -> "Run":
    from homeward.machine.estimate import Use
    from homeward.machine.memory.placing import emptied
    from homeward.machine.recommend.verdict import sized
    from homeward.machine.speed.measured import Run, device_of

    expected = sized(found, Use(context=context), emptied(hardware), depth=depth)  # loaded now
    estimate = expected.speed
    return Run(
        id=secrets.token_hex(8),
        model=found.name,
        entry=found.entry.name if found.entry else "",
        quant=found.quant,
        device=device_of(hardware, expected.placement),
        runtime=runtime,
        context=context,
        depth=depth,
        decode=decode,
        prefill=prefill,
        expected_decode=estimate.decode.mid,
        expected_prefill=estimate.prefill.mid if prefill else 0.0,
        bound=estimate.bound,
        at=time.time(),
    )


def _show(made: "list[Run]", *, json: bool) -> None:
    if json:
        import msgspec

        print(msgspec.json.encode(made).decode())
        return
    one = made[0]
    print(printable(f"{one.model} {one.quant} on {one.device}, {one.runtime}"))
    for runs in (made[:REPEATS], made[REPEATS:]):
        found = sorted(run.decode for run in runs)
        expected = median(run.expected_decode for run in runs)
        print(
            f"answers at {runs[0].depth} tokens: {median(found):.4g} tokens a second "
            f"({found[0]:.4g} to {found[-1]:.4g}); {expected:.4g} were expected"
        )
    found = sorted(run.prefill for run in made[REPEATS:])
    print(
        f"prompts: {median(found):.4g} tokens a second ({found[0]:.4g} to {found[-1]:.4g}); "
        f"{made[-1].expected_prefill:.4g} were expected"
    )
    if one.bound is not None:
        from homeward.machine.sizes import shown
        from homeward.machine.speed.measured import ALIKE_READ as FACTOR

        least, most = shown(round(one.bound.read / FACTOR)), shown(round(one.bound.read * FACTOR))
        print(f"it corrects estimates of models that read from {least} to {most} for a token")
