"""How far the estimated speeds are off, on published runs of machines they were not fitted on.

    python bench/speed.py FOLDER          # checks what is shipped, and fits without each machine
    python bench/speed.py FOLDER --fit    # writes src/homeward/machine/devices.json anew

FOLDER holds ``ground_truth.csv``: one published run a row. How it is cleaned is in
``speed_rows.py``. Errors are |estimate / measured - 1|. A machine is a model of GPU, in whatever
number and host: all its runs are held out together. Beside them are the formulas of one constant
that other tools use.
"""

import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).parent))
from speed_rows import Case, cases

from homeward.machine import devices, speed as shipped
from homeward.machine.devices import Device, Fitted, Kernels
from homeward.machine.pace import DECODES

Array = NDArray[np.float64]
ROOT = Path(__file__).parents[1]
SHARE = 0.9
LEAST_BAND = 1.2
NONE = Kernels(experts=0.0, recurrent=0.0, latent=0.0, norms=0.0)
KERNELS = ("experts", "recurrent", "latent", "norms")
CLASSES = (
    *("nvidia", "nvidia-old", "nvidia-hbm", "nvidia-unified", "apple", "amd", "amd-hbm"),
    *("amd-unified", "intel", "intel-unified", "gpu", "cpu"),
)
SPREAD = {"weights": 0.35, "layer": 0.5, "cache": 0.1, "attention": 0.01}
"""How far, as a logarithm, a class may be from all others before it must be shown by its runs."""

FEW = 1e9  # operations of attention for each byte: more than any device has


class Table:
    """The numbers of all cases, a column each."""

    def __init__(self, found: Sequence[Case]) -> None:
        self.cases = list(found)
        self.names = [_name(case) for case in found]
        self.classes = [_class(case) for case in found]
        parts = [
            list(shipped.parts_of(c.shapes, c.memory, c.use, c.placement, c.hardware, c.depth))
            for c in found
        ]
        first = [each[0] for each in parts]
        self.bandwidth = np.array([part.bandwidth for part in first])
        self.flops = np.array([part.flops for part in first])
        self.weights = np.array([sum(p.work.weights for p in each) for each in parts])
        self.cache = np.array([sum(p.work.cache for p in each) for each in parts])
        self.attention = np.array([sum(p.work.attention for p in each) for each in parts])
        self.parameters = np.array([float(c.memory.weights.active_parameters) for c in found])
        self.resident = np.array([p.work.resident for p in first]) * self.weights
        self.cores = np.array([float(part.cores) for part in first])
        plain = [shipped.launches(c.shapes, NONE) for c in found]
        self.plain = np.array(plain)
        self.more = np.array(
            [
                [shipped.launches(c.shapes, replace(NONE, **{name: 1.0})) - n for name in KERNELS]
                for c, n in zip(found, plain, strict=True)
            ]
        )
        self.ubatch = np.array([float(c.use.ubatch) for c in found])
        self.decode = np.array([c.decode for c in found])
        self.prefill = np.array([c.prefill for c in found])
        self.single = np.array([len(c.hardware.gpus) < 2 for c in found])  # noqa: PLR2004
        self.member = np.array([[c == name for name in CLASSES] for c in self.classes], float)


def _name(case: Case) -> str:
    return case.hardware.gpus[0].name if case.hardware.gpus else case.machine


def _class(case: Case) -> str:
    return devices.class_of(case.hardware.gpus[0]) if case.hardware.gpus else "cpu"


# ---------------------------------------------------------------- the model, as columns


class Answers:
    """log seconds of a token, of parameters that are all logarithms.

    First what all classes share (weights, layer, cache, attention), then the kinds of layers, then
    how far each class is from all.
    """

    common = ("weights", "layer", "cache", "attention")
    start = np.log([0.8, 80e-6, 0.7, FEW])
    first = np.concatenate([start, np.log([1.0, 1.0, 1.0, 0.5]), np.zeros(4 * len(CLASSES))])
    spread = np.concatenate(
        [
            [0.15, 0.5, 0.25, 0.001],
            [0.7] * len(KERNELS),
            np.repeat([SPREAD[name] for name in common], len(CLASSES)),
        ]
    )

    @classmethod
    def prepare(cls) -> None:
        """Metal's attention is bound by what it computes, not by what it reads: see docs/speed.md."""
        at = 4 + len(KERNELS) + 3 * len(CLASSES) + CLASSES.index("apple")
        cls.first[at] = np.log(4.0 / FEW)
        cls.spread[at] = 0.5

    @classmethod
    def parts(cls, x: Array) -> tuple[Array, Array, Array]:
        common, kernels, classes = x[:4], x[4 : 4 + len(KERNELS)], x[4 + len(KERNELS) :]
        return common, np.exp(kernels), classes.reshape(4, len(CLASSES))

    @classmethod
    def predict(cls, x: Array, t: Table) -> Array:
        common, kernels, classes = cls.parts(x)
        weights, layer, cache, attention = np.exp(common[:, None] + classes @ t.member.T)
        read = t.weights / (weights * t.bandwidth)
        slow = np.divide(
            t.weights * t.parameters / np.maximum(t.weights, 1), t.cores * DECODES,
            out=np.zeros_like(read), where=t.cores > 0,
        )  # fmt: skip
        back = np.maximum(t.cache / (cache * t.bandwidth), t.attention / (attention * t.bandwidth))
        return np.log(np.maximum(read, slow) + back + (t.plain + t.more @ kernels) * layer)

    @staticmethod
    def measured(t: Table) -> Array:
        return -np.log(t.decode)


class Prompts:
    """The same for a token of a prompt: shares of ``flops`` for weights and for attention."""

    common = ("prompt", "prompt_attention")
    first = np.concatenate([np.log([0.9, 1.0]), np.zeros(2 * len(CLASSES))])
    spread = np.concatenate([[0.5, 0.5], np.full(2 * len(CLASSES), 0.4)])

    @classmethod
    def predict(cls, x: Array, t: Table) -> Array:
        shares = np.exp(x[:2, None] + x[2:].reshape(2, len(CLASSES)) @ t.member.T)
        multiplied = 2 * t.parameters / (shares[0] * t.flops)
        read = t.resident / (0.85 * t.bandwidth * t.ubatch)
        return np.log(np.maximum(multiplied, read) + t.attention / (shares[1] * t.flops))

    @staticmethod
    def measured(t: Table) -> Array:
        return -np.log(t.prefill)


Model = type[Answers] | type[Prompts]
NOISE = 0.1
STEPS = 25


def fit(model: Model, t: Table, rows: Array) -> Array:
    """Least squares with a prior, where far rows count less (Huber, 1.5 times the noise).

    A machine with n runs counts as one with the square root of n: they err alike.
    """
    counts = Counter(name for name, row in zip(t.names, rows, strict=True) if row)
    trust = np.array(
        [counts[name] ** -0.5 if row else 0.0 for name, row in zip(t.names, rows, strict=True)]
    )
    x = model.first.copy()
    for _ in range(STEPS):
        off = model.measured(t) - model.predict(x, t)
        far = np.minimum(1.0, 1.5 * NOISE / np.maximum(np.abs(off), 1e-9))
        w = trust * np.sqrt(far) / NOISE
        slope = np.stack(
            [
                (model.predict(x + step, t) - model.predict(x - step, t)) / 2e-4
                for step in np.eye(len(x)) * 1e-4
            ],
            axis=1,
        )
        left = slope * w[:, None]
        normal = left.T @ left + np.diag(model.spread**-2)
        pull = left.T @ (w * off) + (model.first - x) / model.spread**2
        x = x + np.clip(np.linalg.solve(normal, pull), -0.5, 0.5)
    return x


def held_out(model: Model, t: Table) -> Array:
    """log(estimate / measured), each machine by a fit without it."""
    found = np.zeros(len(t.names))
    for name in dict.fromkeys(t.names):
        mine = np.array([each == name for each in t.names])
        x = fit(model, t, ~mine)
        found[mine] = (model.measured(t) - model.predict(x, t))[mine]
    return found


# ---------------------------------------------------------------- what is written, what is said


def bands(t: Table, off: Array) -> dict[str, float]:
    """By class, the factor that holds nine of ten held-out runs; few runs lean on all others.

    A class of n machines counts n times, all classes together three times.
    """
    everywhere = _quantile(np.abs(off))
    found: dict[str, float] = {}
    for name in CLASSES:
        mine = np.array([each == name for each in t.classes])
        machines = len({n for n, is_mine in zip(t.names, mine, strict=True) if is_mine})
        if machines:
            own = _quantile(np.abs(off[mine]))
            level = (machines * own + 3 * everywhere) / (machines + 3)
        else:
            level = 1.3 * everywhere
        found[name] = max(float(np.exp(level)), LEAST_BAND)
    return found


def _quantile(values: Array) -> float:
    """With one more that is as far as the farthest, for there are few."""
    return float(np.quantile(np.append(values, values.max()), SHARE, method="higher"))


def made(t: Table, p: Table) -> Fitted:
    x = fit(Answers, t, np.ones(len(t.names)))
    y = fit(Prompts, p, np.ones(len(p.names)))
    wide, prompt_wide = bands(t, held_out(Answers, t)), bands(p, held_out(Prompts, p))
    common, kernels, classes = Answers.parts(x)
    shares = np.exp(y[:2, None] + y[2:].reshape(2, len(CLASSES)))
    found: dict[str, Device] = {}
    for n, name in enumerate(CLASSES):
        own = [each for each, c in zip(t.names, t.classes, strict=True) if c == name]
        ratios = [
            c.hardware.gpus[0].flops / c.hardware.gpus[0].bandwidth
            for c in t.cases
            if c.hardware.gpus and _class(c) == name
        ]
        weights, layer, cache, attention = np.exp(common + classes[:, n])
        found[name] = Device(
            weights=round(float(weights), 3),
            layer=round(float(layer), 7),
            cache=round(float(cache), 3),
            attention=round(min(float(attention), 1000.0), 2),
            prompt=round(float(shares[0, n]), 3),
            prompt_attention=round(float(shares[1, n]), 3),
            ratio=round(float(np.median(ratios)) if ratios else 60.0, 1),
            band=round(wide[name], 3),
            prompt_band=round(prompt_wide[name], 3),
            machines=len(set(own)),
            runs=len(own),
        )  # fmt: skip
    return Fitted(
        devices=found,
        kernels=Kernels(**{n: round(float(v), 3) for n, v in zip(KERNELS, kernels, strict=True)}),
    )


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
"""Bytes a parameter in llmfit's formula for speed: bandwidth / (active parameters * these) * 0.55."""


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
    Answers.prepare()
    found, left = cases(folder)
    print(
        f"{len(found)} runs; left out: " + ", ".join(f"{why} {n}" for why, n in left.most_common())
    )
    answers = Table([case for case in found if case.decode])
    prompts = [case for case in found if case.prefill and len(case.hardware.gpus) == 1]
    asked = Table(prompts)
    off, prompt_off = held_out(Answers, answers), held_out(Prompts, asked)
    if write:
        target = ROOT / "src/homeward/machine/devices.json"
        text = msgspec.json.format(msgspec.json.encode(made(answers, asked)), indent=1)
        target.write_bytes(text + b"\n")
        devices._fitted.cache_clear()  # noqa: SLF001
    report("answers, machines held out", answers, off, lambda name: devices.device(name).band)
    here = [_shipped(case) for case in answers.cases]
    report("answers, as shipped (in-sample)", answers, np.log(np.array(here) / answers.decode))
    baselines(answers)
    wide = lambda name: devices.device(name).prompt_band  # noqa: E731
    report("prompts, machines held out", asked, prompt_off, wide)


def _shipped(case: Case) -> float:
    return shipped.speed(
        case.shapes, case.memory, case.use, case.placement, case.hardware, depth=case.depth
    ).decode.mid


if __name__ == "__main__":
    main(Path(sys.argv[1]), write="--fit" in sys.argv)
