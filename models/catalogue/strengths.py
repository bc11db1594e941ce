"""How strong each model is at each task, from the published scores in ``evidence.yaml``.

The rule: a score on a benchmark of a task is, on the logistic scale, the model's ability at the
task less the benchmark's difficulty (Rasch's model, 1960). Both are fitted by least squares over
all models of the task, so that a model measured on hard benchmarks alone stands beside one
measured on easy ones. Abilities are drawn towards the mean as if half a score more had been seen
there. A strength is the ability on a scale of 0 to 1; 0.5 is the mean of the models with evidence.
A task that a model has no score for has no strength: nothing is inferred from its size or name.
"""

from collections import defaultdict
from collections.abc import Mapping
from math import exp, log

TASKS: Mapping[str, tuple[str, ...]] = {
    "chat": ("IFEval", "IFEval (SmallThinker)", "Arena-Hard"),
    "code": (
        "HumanEval",
        "HumanEval (SmallThinker)",
        "MBPP",
        "LiveCodeBench",
        "LiveCodeBench v6",
        "SWE-bench Verified",
        "Aider polyglot",
        "Aider polyglot (publisher)",
        "Aider code editing",
        "CRUX (ZeroEval)",
    ),
    "math": (
        "GSM8K",
        "GSM8K (ZeroEval)",
        "MATH",
        "MATH-500",
        "MATH-500 (SmallThinker)",
        "MATH level 5 (ZeroEval)",
        "AIME 2024",
        "AIME 2025",
        "AIME 2026",
    ),
    "reasoning": (
        "MMLU",
        "MMLU-Pro",
        "MMLU-Pro (TIGER-Lab runs)",
        "GPQA",
        "GPQA (SmallThinker)",
        "BIG-Bench Hard",
    ),
    "tools": ("BFCL v3", "tau-bench retail", "tau2-bench retail", "tau2-bench (mean)"),
    "translation": ("WMT24++",),
    "vision": ("MMMU", "MMMU-Pro", "MathVista", "DocVQA", "ChartQA"),
}
"""Benchmarks by task. There is none for summaries."""

PULL = 0.5
"""Scores at the mean that each model counts as having beside its own."""

EDGE = 0.01
"""Scores are held this far from 0 and 1, whose logits are infinite."""


def strengths(scores: Mapping[str, Mapping[str, float]]) -> dict[str, dict[str, float]]:
    """By model and task. ``scores`` are by benchmark and model."""
    unknown = set(scores) - {name for names in TASKS.values() for name in names}
    if unknown:
        raise ValueError(f"no task has the benchmarks {', '.join(sorted(unknown))}")
    found: dict[str, dict[str, float]] = defaultdict(dict)
    for task, names in TASKS.items():
        kept = {name: scores[name] for name in names if name in scores}
        for model, ability in _abilities(kept).items():
            found[model][task] = round(1 / (1 + exp(-ability)), 3)
    return found


def _abilities(scores: Mapping[str, Mapping[str, float]]) -> dict[str, float]:
    """Mean 0. Each is fitted in turn with the other held, which converges."""
    seen = {
        (name, model): _logit(score)
        for name, models in scores.items()
        for model, score in models.items()
    }
    ability = dict.fromkeys((model for _, model in seen), 0.0)
    for _ in range(500):
        ease = {
            name: sum(seen[name, model] - ability[model] for model in models) / len(models)
            for name, models in scores.items()
        }
        left: dict[str, list[float]] = defaultdict(list)
        for (name, model), value in seen.items():
            left[model].append(value - ease[name])
        ability = {model: sum(each) / (len(each) + PULL) for model, each in left.items()}
    mean = sum(ability.values()) / len(ability) if ability else 0.0
    return {model: value - mean for model, value in ability.items()}


def _logit(score: float) -> float:
    held = min(1 - EDGE, max(EDGE, score))
    return log(held / (1 - held))
