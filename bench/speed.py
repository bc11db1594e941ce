"""How far the estimated speeds are off, on published runs of machines they were not fitted on.

    python bench/speed.py FOLDER          # checks what is shipped, and fits without each machine
    python bench/speed.py FOLDER --fit    # writes src/homeward/machine/speed/devices.json anew

FOLDER holds ``ground_truth.csv``: one published run a row. How it is cleaned is in
``speed_rows.py``. Errors are |estimate / measured - 1|. A machine is a model of GPU, in whatever
number and host: all its runs are held out together. Beside them are the formulas of one constant
that other tools use.
"""

import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.speed_fit import CLASSES, Answers, Array, Prompts, Table, held_out, made
from bench.speed_rows import Case, cases

from homeward.machine.hardware import Gpu
from homeward.machine.speed import devices
from homeward.machine.speed.speed import speed


def report(title: str, t: Table, off: Array, band: Callable[[str], float] | None = None) -> None:
    print(f"\n{title}")
    print(f"{'class':<16}{'machines':>9}{'runs':>6}{'median':>9}{'p90':>8}{'max':>8}{'in band':>9}")
    groups: defaultdict[str, list[int]] = defaultdict(list)
    for n, name in enumerate(t.classes):
        groups[name].append(n)
        groups["all"].append(n)
        groups["all but cpu"] += [n] if name != "cpu" else []
    for name in (*CLASSES, "all but cpu", "all"):
        rows = groups.get(name)
        if not rows:
            continue
        wrong = np.abs(np.exp(off[rows]) - 1)
        machines = len({t.names[n] for n in rows})
        held = ""
        if band is not None:
            held = f"{np.mean([abs(off[n]) <= np.log(band(t.classes[n])) for n in rows]):.0%}"
        print(
            f"{name:<16}{machines:>9}{len(rows):>6}{np.median(wrong):>9.1%}"
            f"{np.quantile(wrong, 0.9):>8.1%}{wrong.max():>8.1%}{held:>9}"
        )


LLMFIT = {"F16": 2.0, "Q8_0": 1.0, "Q6_K": 0.75, "Q5_K_M": 0.625, "Q4_K_M": 0.5, "Q4_0": 0.5}
"""Bytes a parameter in llmfit's formula: bandwidth / (active parameters * these) * 0.55."""


def baselines(t: Table) -> None:
    size = np.array([LLMFIT.get(case.quant, 0.5) for case in t.cases])
    report("llmfit's formula", t, np.log(0.55 * t.bandwidth / (t.parameters * size) / t.decode))
    ideal = np.log(t.bandwidth / t.weights / t.decode)
    off = np.zeros(len(t.names))
    for name in dict.fromkeys(t.names):
        mine = np.array([each == name for each in t.names])
        off[mine] = ideal[mine] - np.median(ideal[~mine])
    report("bandwidth over bytes, times one constant fitted on the other machines", t, off)


def main(folder: Path, *, write: bool) -> None:
    found, left = cases(folder)
    print(
        f"{len(found)} runs; left out: " + ", ".join(f"{why} {n}" for why, n in left.most_common())
    )
    answers = Table([case for case in found if case.decode])
    prompts = [case for case in found if case.prefill and len(case.hardware.gpus) == 1]
    asked = Table(prompts)
    off, prompt_off = held_out(Answers, answers), held_out(Prompts, asked)
    if write:
        text = msgspec.json.format(msgspec.json.encode(made(answers, asked)), indent=1)
        devices.TABLE.write_bytes(text + b"\n")
        devices.devices.cache_clear()
    report("answers, machines held out", answers, off, lambda name: devices.device(name).band)
    here = [_shipped(case) for case in answers.cases]
    report("answers, as shipped (in-sample)", answers, np.log(np.array(here) / answers.decode))
    with_gpu = [case for case in answers.cases if case.hardware.gpus]
    nameless = np.log([_shipped(_nameless(case)) / case.decode for case in with_gpu])
    report("as shipped, knowing memory and bandwidth alone (in-sample)", Table(with_gpu), nameless)
    baselines(answers)
    report(
        "prompts, machines held out",
        asked,
        prompt_off,
        lambda name: devices.device(name).prompt_band,
    )


def _nameless(case: Case) -> Case:
    """On a GPU of which only ``--vram`` and ``--bandwidth`` are said."""
    gpus = tuple(
        Gpu(name="GPU", vendor="other", total=g.total, free=g.free, bandwidth=g.bandwidth)
        for g in case.hardware.gpus
    )
    return case._replace(hardware=replace(case.hardware, gpus=gpus))


def _shipped(case: Case) -> float:
    return speed(
        case.shapes, case.memory, case.use, case.placement, case.hardware, depth=case.depth
    ).decode.mid


if __name__ == "__main__":
    main(Path(sys.argv[1]), write="--fit" in sys.argv)
