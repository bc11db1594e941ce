"""What a name in the file stands for. A dotted string, so that only what is used gets imported."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib import import_module
from typing import Any

MODELS: Mapping[str, str] = {
    "anthropic": "homeward.backends.anthropic:Anthropic",
    "cached": "homeward.strategies.cached:Cached",
    "capped": "homeward.strategies.capped:Capped",
    "cascade": "homeward.strategies.cascade:Cascade",
    "deadline": "homeward.strategies.deadline:Deadline",
    "echo": "homeward.backends.echo:Echo",
    "embedded": "homeward.backends.embedded:Embedded",
    "ensemble": "homeward.strategies.ensemble:Ensemble",
    "experiment": "homeward.strategies.experiment:Experiment",
    "fallback": "homeward.strategies.fallback:Fallback",
    "hedge": "homeward.strategies.hedge:Hedge",
    "limited": "homeward.strategies.limited:Limited",
    "ollama": "homeward.backends.ollama:Ollama",
    "openai": "homeward.backends.openai:OpenAI",
    "recorded": "homeward.backends.recorded:Recorded",
    "replicate": "homeward.backends.replicate:Replicate",
    "retried": "homeward.strategies.retried:Retried",
    "router": "homeward.strategies.router:Router",
    "scripted": "homeward.backends.scripted:Scripted",
    "sequential": "homeward.strategies.sequential:Sequential",
    "watsonx": "homeward.backends.watsonx:Watsonx",
}

PROTOCOLS: Mapping[str, str] = {
    "homeward.reading:Signal": "signal",
    "homeward.reading:Check": "check",
    "homeward.strategies.ensemble:Merge": "merge",
}
"""Which table holds the names for a field of this type."""

TABLES: Mapping[str, Mapping[str, str]] = {
    "model": MODELS,
    "signal": {
        "box": "homeward.signals.box:Box",
        "complexity": "homeward.signals.complexity:Complexity",
        "context": "homeward.signals.context:Context",
        "first": "homeward.signals.first:First",
        "judge": "homeward.signals.judge:JudgeLabel",
        "language": "homeward.signals.language:Language",
        "learned": "homeward.signals.learned.signal:Learned",
        "needs": "homeward.signals.context:Needs",
        "rules": "homeward.signals.rules:Rules",
        "sensitivity": "homeward.signals.sensitivity:Sensitivity",
        "task": "homeward.signals.task:Task",
    },
    "check": {
        "agreement": "homeward.signals.agreement:Agreement",
        "arithmetic": "homeward.signals.arithmetic:Arithmetic",
        "combined": "homeward.signals.combined:Combined",
        "compared": "homeward.signals.compared:Compared",
        "format": "homeward.signals.format:Format",
        "heuristic": "homeward.signals.heuristic:Heuristic",
        "judge": "homeward.signals.judge:Judge",
        "learned": "homeward.signals.learned.check:LearnedCheck",
        "logprobs": "homeward.signals.logprobs:Logprobs",
        "promised": "homeward.signals.promised:Promised",
        "samples": "homeward.signals.samples:Samples",
        "self_verified": "homeward.signals.self_verified:SelfVerified",
    },
    "merge": {
        "concat": "homeward.strategies.concat:Concat",
        "fuse": "homeward.strategies.fuse:Fuse",
        "rank": "homeward.strategies.rank:Rank",
        "vote": "homeward.strategies.vote:Vote",
        "weighted": "homeward.strategies.weighted:Weighted",
    },
    "extractor": {},
}
"""What a name means where a value of that protocol belongs. `_listed` has more."""

METHODS: Mapping[str, str] = {
    "model": "chat",
    "signal": "__call__",
    "check": "__call__",
    "merge": "merge",
    "extractor": "__call__",
}
"""What a value of each table must have."""

RESOURCES: Mapping[str, str] = {
    "cache": "homeward.strategies.cached:Cache",
    "drifts": "homeward.signals.drift:Drifts",
    "http": "homeward.backends.http:Http",
    "lane": "homeward.strategies.sequential:Lane",
    "llamas": "homeward.backends.llamas:Llamas",
    "tokens": "homeward.backends.watsonx:IamTokens",
    "windows": "homeward.backends.ollama_windows:Windows",
}
"""Fields of this name and type share one object in the whole tree, and what opens is closed."""

SERVE = "homeward.gateway.settings:Settings"
"""What the section `serve` is made into."""

POLICY = "homeward.policy:Policy"
"""What the section `policy` is made into, where there is one."""

FLATTENED = frozenset({"bounds", "routes", "rules", "windows"})
"""Fields whose entries may stand beside the other fields: ``{router: {by: task, code: a}}``."""


@dataclass(frozen=True)
class Target:
    """What is called for a name, and the fields that the name itself fills in."""

    callable: Callable[..., Any]
    fixed: Mapping[str, Any] = field(default_factory=dict[str, Any])


def find(name: str, table: str) -> Target | None:
    """None for a name that nobody has.

    Beside the names of the table, ``package.module:Name`` is a class of yours, or a function
    that makes one. ImportError and AttributeError say that there is none.
    """
    if dotted := TABLES[table].get(name):
        return Target(load(dotted))
    if ":" in name:
        return Target(load(name))
    listed = _listed(table).get(name)
    return listed() if listed else None


def names(table: str) -> Sequence[str]:
    """The names of a table, presets included."""
    return sorted({*TABLES[table], *_listed(table)})


def _listed(table: str) -> Mapping[str, Callable[[], Target]]:
    """Names that are kept elsewhere: types of answers, and servers that speak OpenAI's protocol."""
    if table == "extractor":
        extractors = load("homeward.signals.answers:EXTRACTORS")
        return {name: partial(Target, found) for name, found in extractors.items()}
    if table == "model":
        presets = load("homeward.backends.presets:PRESETS")
        return {name: partial(_preset, name) for name in presets}
    return {}


def _preset(name: str) -> Target:
    return Target(load(MODELS["openai"]), {"at": name})


def load(dotted: str) -> Any:
    """What ``package.module:Name`` names; ImportError or AttributeError where nothing is."""
    module, _, name = dotted.partition(":")
    if not module or not name:
        raise ImportError("write it as package.module:Name")
    return getattr(import_module(module), name)
