"""A small set of models to start with: a quick one, a general one, and one for code.

They must fit together: what they need, added up, is at most what is free where they lie.
"""

from collections.abc import Iterable, Sequence
from itertools import product
from typing import Literal

from msgspec import Struct

from homeward.machine.estimate import Use
from homeward.machine.hardware import Hardware
from homeward.machine.recommend import Advice, Recommendations, size_class

Role = Literal["quick", "general", "coder"]

CANDIDATES = 12  # of each role: more make the choice slower, and no better
KEPT = 0.9  # of free memory; the rest is for what grows
QUICK = (1, 3)  # classes of size: from 0.8 to 10 milliards of parameters
MISSED = 1000  # a set with one model more is always better


class Start(Struct, frozen=True, kw_only=True):
    """One of the set, under the name it gets in the configuration."""

    role: Role
    advice: Advice


def starting_set(found: Recommendations, hardware: Hardware, *, ollama: bool) -> tuple[Start, ...]:
    """The best that fit together; empty where nothing runs that can be fetched.

    Of models that run well, and of all that run where those are none. ``ollama``: they are to be
    fetched by Ollama, and else from repositories of GGUF files. Pure, and the same twice.
    """
    for group in (found.runs_well, (*found.runs_well, *found.runs)):
        there = [each for each in group if (each.ollama if ollama else each.gguf)]
        if chosen := _chosen(there, hardware):
            return chosen
    return ()


def _chosen(there: Sequence[Advice], hardware: Hardware) -> tuple[Start, ...]:
    rank = {each.name: place for place, each in enumerate(there)}
    general = [each for each in there if each.kind != "code"][:CANDIDATES]
    coders = [each for each in there if _codes(each)]
    coders.sort(key=lambda each: (-_score(each, "code"), rank[each.name]))
    quick = [
        each
        for each in there
        if each.kind != "code" and QUICK[0] <= size_class(each.parameters) <= QUICK[1]
    ]
    quick.sort(key=lambda each: (size_class(each.parameters), rank[each.name]))
    among: dict[Role, list[Advice]] = {
        "general": general,
        "coder": coders[:CANDIDATES],
        "quick": quick[:CANDIDATES],
    }
    sets = []
    for picked in product(*([None, *each] for each in among.values())):
        roles = zip(among, picked, strict=True)
        members = tuple(Start(role=role, advice=one) for role, one in roles if one is not None)
        if _sensible(members) and together([one.advice for one in members], hardware):
            places = [among[one.role].index(one.advice) for one in members]
            sets.append((MISSED * (len(among) - len(members)) + sum(places), places, members))
    return min(sets, key=lambda each: each[:2])[2] if sets else ()


def _codes(each: Advice) -> bool:
    return each.kind == "code" or "code" in each.strengths


def _score(each: Advice, task: str) -> float:
    return each.strengths.get(task, 0.0) + (0.001 if each.kind == "code" else 0.0)


def _sensible(members: Iterable[Start]) -> bool:
    """A general model is there, nothing is there twice, and the quick one is the smaller."""
    by_role = {each.role: each.advice for each in members}
    names = [each.name for each in by_role.values()]
    if "general" not in by_role or len(set(names)) < len(names):
        return False
    quick, general = by_role.get("quick"), by_role["general"]
    return quick is None or 2 * quick.active_parameters <= general.active_parameters


def together(members: Sequence[Advice], hardware: Hardware) -> bool:
    """Whether they may be loaded at once, each where it was placed alone."""
    if any(each.where == "split" for each in members):
        return len(members) == 1
    on_gpu = sum(each.total_bytes for each in members if each.where == "gpu")
    in_ram = sum(each.total_bytes for each in members if each.where == "ram")
    largest = max((gpu.free for gpu in hardware.gpus), default=0)
    if len(members) == 1:
        return True  # placed by `place`, with its own reserves
    if hardware.unified:
        return on_gpu + in_ram <= KEPT * max(largest, hardware.ram_free)
    return on_gpu <= KEPT * largest and in_ram <= KEPT * hardware.ram_free


def nodes(members: Sequence[Start], use: Use, *, ollama: bool) -> dict[str, dict[str, object]]:
    """The models of a configuration, and a route ``auto`` over them.

    The context is written down: with a runtime's own default they might not fit.
    """
    found: dict[str, dict[str, object]] = {}
    for one in members:
        context = min(use.context, one.advice.context)
        if ollama:
            found[one.role] = {"ollama": {"model": one.advice.ollama, "num_ctx": context}}
        else:
            fields = {"model": source(one.advice, ollama=False), "context": context, "parallel": 1}
            found[one.role] = {"embedded": fields}
    roles = [role for role in ("general", "quick", "coder") if role in found]
    roles = [role for role in roles if role != "coder"] or roles
    if "coder" in found and roles != ["coder"]:
        code = {"fallback": ["coder", *roles]}
        found["auto"] = {"router": {"by": "task", "code": code, "else": {"fallback": roles}}}
    else:
        found["auto"] = {"fallback": roles}
    return found


def source(advice: Advice, *, ollama: bool) -> str:
    """What it is fetched as: a tag of Ollama's, or a repository with the quantisation."""
    if ollama:
        return advice.ollama
    return f"{advice.gguf}:{advice.quant}" if advice.quant.startswith("Q") else advice.gguf
