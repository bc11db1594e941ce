"""What a run of one model says of another on the same machine: how far off estimates still are.

    python bench/speed_corrected.py FOLDER

FOLDER and its rows are those of ``speed.py``. Each machine's estimates are made of constants that
were fitted without it, and each of its models is then corrected by runs of one, two or three of
its other models, drawn DRAWS times: all of them, only those that are alike, only those that are
not. Only runs at one depth are compared.
"""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.speed_fit import Answers, Array, Prompts, Table, held_out
from bench.speed_rows import Case, cases

from homeward.machine.estimate import Bound
from homeward.machine.speed import devices
from homeward.machine.speed.measured import alike, correction
from homeward.machine.speed.speed import speed

DRAWS = 20
SAME_DEPTH = 1000  # tokens

Chosen = Callable[[Bound | None, Bound | None], bool]
WAYS: dict[str, Chosen] = {
    "any other": lambda _, __: True,
    "alike": alike,
    "unlike": lambda one, other: not alike(one, other),
}


def _bound(case: Case) -> Bound | None:
    found = speed(
        case.shapes, case.memory, case.use, case.placement, case.hardware, depth=case.depth
    )
    return found.bound


def _drawn(
    t: Table, off: Array, bounds: list[Bound | None], chosen: Chosen, count: int
) -> Iterator[tuple[int, float]]:
    """Numbers of cases, and by how much each is to be moved, as a logarithm."""
    random = np.random.default_rng(0)
    for n, case in enumerate(t.cases):
        others: dict[str, list[int]] = {}
        for m, other in enumerate(t.cases):
            same = other.machine == case.machine and other.hardware.gpus == case.hardware.gpus
            deep = abs(other.depth - case.depth) <= SAME_DEPTH
            if (
                same
                and deep
                and other.shapes.name != case.shapes.name
                and chosen(bounds[n], bounds[m])
            ):
                others.setdefault(other.shapes.name, []).append(m)
        for _ in range(DRAWS if len(others) >= count else 0):
            names = random.permutation(sorted(others))[:count]
            yield n, correction([-off[random.choice(others[name])] for name in names])


def _report(t: Table, off: Array, band: Callable[[devices.Device], float]) -> None:
    bounds = [_bound(case) for case in t.cases]
    width = np.log([band(devices.device(name)) for name in t.classes])
    print(f"{'corrected by':<14}{'machines':>9}{'runs':>6}{'median':>16}{'9 of 10':>16}", end="")
    print(f"{'in the band':>14}{'within 1.25':>13}")
    for way, chosen in WAYS.items():
        for count in (1, 2, 3):
            drawn = list(_drawn(t, off, bounds, chosen, count))
            if not drawn:
                continue
            at = np.array([n for n, _ in drawn])
            before, after = off[at], off[at] + np.array([moved for _, moved in drawn])
            medians = [np.expm1(np.median(np.abs(each))) for each in (before, after)]
            wide = [np.exp(np.quantile(np.abs(each), 0.9)) for each in (before, after)]
            held = [np.mean(np.abs(each) <= width[at]) for each in (before, after)]
            near = [np.mean(np.abs(each) <= np.log(1.25)) for each in (before, after)]
            machines = len({t.cases[n].machine for n in at})
            print(f"{way + ' ' + str(count):<14}{machines:>9}{len(set(at)):>6}", end="")
            print(f"{medians[0]:>8.1%} >{medians[1]:>6.1%}{wide[0]:>9.2f} >{wide[1]:>5.2f}", end="")
            print(f"{held[0]:>7.0%} >{held[1]:>5.0%}{near[0]:>7.0%} >{near[1]:>4.0%}")


def main(folder: Path) -> None:
    found, _ = cases(folder)
    answers = Table([case for case in found if case.decode])
    print("answers")
    _report(answers, held_out(Answers, answers), lambda device: device.band)
    prompts = Table([case for case in found if case.prefill and len(case.hardware.gpus) == 1])
    print("\nprompts")
    _report(prompts, held_out(Prompts, prompts), lambda device: device.prompt_band)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
