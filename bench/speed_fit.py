"""The constants of ``devices.json``, fitted: few parameters, drawn to what others of a kind show.

Each class of devices is like its parent, and all are like one another, but for what their own runs
say. ``bench/speed.py`` calls this.
"""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from bench.speed_rows import Case
from numpy.typing import NDArray

from homeward.machine.speed import devices
from homeward.machine.speed import speed as shipped
from homeward.machine.speed.devices import Device, Kernels
from homeward.machine.speed.pace import DECODES

Array = NDArray[np.float64]
SHARE = 0.9
LEAST_BAND = 1.25
UNSEEN = 2.0
"""Times as wide, as a logarithm, is the band of a class of which no run is published."""

FIELDS = (
    *("weights", "layer", "cache", "attention", "unpack"),
    *("experts", "recurrent", "latent", "norms"),
)
KERNELS = FIELDS[5:]
PARENTS = {
    "gpu": "",
    "nvidia": "",
    "nvidia-old": "nvidia",
    "nvidia-hbm": "nvidia",
    "nvidia-unified": "nvidia",
    "apple": "",
    "amd": "",
    "amd-hbm": "nvidia-hbm",
    "amd-unified": "amd",
    "intel": "",
    "intel-unified": "intel",
    "cpu": "",
}
"""A class is like its parent, or else like all GPUs, until its own runs show otherwise."""


def _line(name: str) -> list[float]:
    """Which classes its constants are made of: its own and those it descends from."""
    of = {name}
    while parent := PARENTS[name]:
        of.add(parent)
        name = parent
    return [float(each in of) for each in PARENTS]


CLASSES = tuple(PARENTS)
USUAL = (0.85, 80e-6, 0.7, 1e9, 1e9, 0.6, 1.0, 0.5, 0.4)
SPREAD = (0.15, 0.5, 0.25, 0.001, 0.001, 0.5, 0.5, 0.7, 0.5)
"""What is expected of all GPUs, in the order of FIELDS, and how far off, as a logarithm."""

APART = (0.2, 0.4, 0.1, 0.001, 0.001, 0.3, 0.3, 0.5, 0.3)
"""How far a class may be from its parent, as a logarithm."""

FURTHER = {
    # before Turing there is too little of what unpacks weights: docs/speed.md
    ("nvidia-old", "unpack"): (float(np.log(0.1 / 1e9)), 1.0),
    ("nvidia-hbm", "weights"): (0.0, 0.4),
    # Metal's attention is bound by what it computes, not by what it reads: docs/speed.md
    ("apple", "attention"): (float(np.log(4.0 / 1e9)), 0.5),
    ("apple", "latent"): (0.0, 1.0),
    ("intel", "weights"): (0.0, 0.7),
    ("cpu", "weights"): (-0.4, 1.0),
    ("cpu", "layer"): (-1.4, 0.3),
}
"""Where a class may be farther: from its parent by so much, and so far from that."""


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
        self.some_flops = np.maximum(self.flops, self.bandwidth)
        self.weights = np.array([sum(p.work.weights for p in each) for each in parts])
        self.cache = np.array([sum(p.work.cache for p in each) for each in parts])
        self.attention = np.array([sum(p.work.attention for p in each) for each in parts])
        self.parameters = np.array([float(c.memory.weights.active_parameters) for c in found])
        self.resident = np.array([p.work.resident for p in first]) * self.weights
        self.cores = np.array([float(part.cores) for part in first])
        launches = [
            [sum(getattr(p.work.launches, name) for p in each) for name in ("plain", *KERNELS)]
            for each in parts
        ]
        self.plain, self.more = np.array(launches)[:, 0], np.array(launches)[:, 1:]
        self.ubatch = np.array([float(c.use.ubatch) for c in found])
        self.decode = np.array([c.decode for c in found])
        self.prefill = np.array([c.prefill for c in found])
        self.member = np.array([_line(name) for name in self.classes])


def _name(case: Case) -> str:
    return case.hardware.gpus[0].name if case.hardware.gpus else case.machine


def _class(case: Case) -> str:
    return devices.class_of(case.hardware.gpus[0]) if case.hardware.gpus else "cpu"


# ---------------------------------------------------------------- the model, as columns


def _priors(
    usual: Sequence[float], spread: Sequence[float], apart: Sequence[float], names: Sequence[str]
) -> tuple[Array, Array]:
    first = np.zeros((len(names), 1 + len(CLASSES)))
    first[:, 0] = np.log(usual)
    wide = np.hstack([np.array(spread)[:, None], np.tile(np.array(apart)[:, None], len(CLASSES))])
    for (where, name), (shift, far) in FURTHER.items():
        if name in names:
            at = names.index(name), 1 + CLASSES.index(where)
            first[at], wide[at] = shift, far
    return first.ravel(), wide.ravel()


class Answers:
    """log seconds of a token.

    Parameters are logarithms: for each of FIELDS what all GPUs share, then how far each class is
    from its parent.
    """

    first, spread = _priors(USUAL, SPREAD, APART, FIELDS)

    @classmethod
    def predict(cls, x: Array, t: Table) -> Array:
        each = x.reshape(len(FIELDS), -1)
        weights, layer, cache, attention, unpack, *kernels = np.exp(
            each[:, :1] + each[:, 1:] @ t.member.T
        )
        read = t.weights / (weights * t.bandwidth)
        slow = np.divide(
            t.parameters, t.cores * DECODES, out=np.zeros_like(read), where=t.cores > 0
        )
        slow = np.maximum(slow, 2 * t.parameters / (unpack * t.some_flops))
        back = np.maximum(t.cache / (cache * t.bandwidth), t.attention / (attention * t.bandwidth))
        launches = t.plain + sum(n * k for n, k in zip(t.more.T, kernels, strict=True))
        return np.asarray(np.log(np.maximum(read, slow) + back + launches * layer))

    @staticmethod
    def measured(t: Table) -> Array:
        return np.asarray(-np.log(t.decode))


class Prompts:
    """The same for a token of a prompt: shares of ``flops`` for weights and for attention."""

    fields = ("prompt", "prompt_attention")
    first, spread = _priors((0.9, 1.0), (0.5, 0.5), (0.4, 0.4), fields)

    @classmethod
    def predict(cls, x: Array, t: Table) -> Array:
        each = x.reshape(2, -1)
        shares = np.exp(each[:, :1] + each[:, 1:] @ t.member.T)
        multiplied = 2 * t.parameters / (shares[0] * t.flops)
        read = t.resident / (0.85 * t.bandwidth * t.ubatch)
        return np.asarray(
            np.log(np.maximum(multiplied, read) + t.attention / (shares[1] * t.flops))
        )

    @staticmethod
    def measured(t: Table) -> Array:
        return np.asarray(-np.log(t.prefill))


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
            level = UNSEEN * everywhere
        found[name] = max(float(np.exp(level)), LEAST_BAND)
    return found


def _quantile(values: Array) -> float:
    """With one more that is as far as the farthest, for there are few."""
    return float(np.quantile(np.append(values, values.max()), SHARE, method="higher"))


def made(t: Table, p: Table) -> dict[str, Device]:
    x = fit(Answers, t, np.ones(len(t.names))).reshape(len(FIELDS), -1)
    y = fit(Prompts, p, np.ones(len(p.names))).reshape(2, -1)
    wide, prompt_wide = bands(t, held_out(Answers, t)), bands(p, held_out(Prompts, p))
    found: dict[str, Device] = {}
    for name in CLASSES:
        line = np.array([1.0, *_line(name)])
        of = dict(
            zip(
                (*FIELDS, *Prompts.fields),
                map(float, np.exp([*(x @ line), *(y @ line)])),
                strict=True,
            )
        )
        own = [each for each, c in zip(t.names, t.classes, strict=True) if c == name]
        figures = [
            case.hardware.gpus[0].flops / case.hardware.gpus[0].bandwidth
            for case, c in zip(t.cases, t.classes, strict=True)
            if case.hardware.gpus and c == name
        ]
        found[name] = Device(
            weights=round(of["weights"], 3),
            layer=round(of["layer"], 7),
            cache=round(of["cache"], 3),
            attention=round(min(of["attention"], 1000.0), 2),
            unpack=round(of["unpack"], 4) if of["unpack"] < 1 else 0.0,
            prompt=round(of["prompt"], 3),
            prompt_attention=round(of["prompt_attention"], 3),
            ratio=round(float(np.median(figures)) if figures else 60.0, 1),
            band=round(wide[name], 2),
            prompt_band=round(prompt_wide[name], 2),
            kernels=Kernels(**{field: round(of[field], 2) for field in KERNELS}),
            machines=len(set(own)),
            runs=len(own),
        )
    return found
