"""A small set of models to start with: a quick one, a general one, and one for code.

They must fit together: what they need, added up, is at most what is free where they lie.
"""

from collections.abc import Sequence
from itertools import product
from typing import Literal

from msgspec import Struct

from homeward.machine.hardware import Hardware
from homeward.machine.recommend.advice import KEPT, Advice
from homeward.machine.recommend.fetched_as import source
from homeward.machine.recommend.recommend import OWN_KIND, Recommendations
from homeward.machine.recommend.strengths import ABLE, size_class
from homeward.machine.recommend.verdict import Verdict

Role = Literal["quick", "general", "coder"]
SPECIAL: tuple[Role, ...] = ("coder", "quick")

CANDIDATES = 12  # of each role: more make the choice slower, and no better
QUICK = (2, 3)  # classes of size: from 0.8 to 5 billion
QUICK_COUNTS = 0.1  # of its strength: it saves time, and is no better than the general one
FASTER = 2.0  # times the general one's speed, or it is not worth its memory
BETTER = 0.02  # a coder that is not so much stronger than the general one is not fetched


class Start(Struct, frozen=True, kw_only=True):
    """One of the set, under the name it gets in the configuration."""

    role: Role
    advice: Advice


def starting_set(found: Recommendations, hardware: Hardware, *, ollama: bool) -> tuple[Start, ...]:
    """The best that fit together; empty where nothing runs that can be fetched.

    The general one runs well, if one does that is large enough to know much, else one that runs.
    For a task the best for that is always one of them. ``ollama``: they are to be fetched by
    Ollama, and else from repositories of GGUF files. Pure, and the same twice.
    """
    runs = sorted((*found.runs_well, *found.runs), key=lambda each: each.rank)
    there = [each for each in runs if source(each, ollama=ollama)]
    for able in (_well_and_able, _able, _any):
        fit = [each for each in there if able(each)]
        best = fit[0] if found.task and fit else None
        if chosen := _chosen(there, fit, hardware, best):
            return chosen
    return ()


def passed_over(found: Recommendations, members: Sequence[Start], *, ollama: bool) -> str:
    """Why the first of all that run is no member, in a sentence; empty if it is one."""
    first = next(iter((*found.runs_well, *found.runs)), None)
    if first is None or any(one.advice.name == first.name for one in members):
        return ""
    if not source(first, ollama=ollama):
        why = "Ollama's library has no tag of it" if ollama else "no repository of GGUF files known"
    elif not _able(first):
        why = "it is small, and knows little"
    elif first.kind == "code":
        why = "it is made for code, and others fit together better"
    else:
        why = "others fit together better"
    return f"{first.name}, the first of what runs, is not among them: {why}"


def _well_and_able(each: Advice) -> bool:
    return each.verdict is Verdict.WELL and _able(each)


def _able(each: Advice) -> bool:
    return size_class(each.parameters) >= ABLE


def _any(each: Advice) -> bool:
    return True


def _chosen(
    there: Sequence[Advice], able: Sequence[Advice], hardware: Hardware, best: Advice | None
) -> tuple[Start, ...]:
    """``best`` is a member of it, if that is not None: the general one, or the coder."""
    general = [each for each in able if each.kind != "code"][:CANDIDATES]
    coders = sorted((each for each in there if _codes(each)), key=lambda each: -_code(each))
    quick = [each for each in there if _is_quick(each)]
    among: dict[Role, list[Advice | None]] = {
        "general": [*general],
        "coder": [None, *coders[:CANDIDATES]],
        "quick": [None, *(a for size in QUICK for a in _of_class(quick, size)[: CANDIDATES // 2])],
    }
    if best is not None and best.kind == "code":
        among |= {"general": [None, *general], "coder": [best]}
    elif best is not None:
        among["general"] = [best]
    sets = []
    for picked in product(*among.values()):
        roles = zip(among, picked, strict=True)
        members = tuple(Start(role=role, advice=one) for role, one in roles if one is not None)
        if _sensible(members) and together([one.advice for one in members], hardware):
            ranks = [one.advice.rank for one in members]
            sets.append((-round(_worth(members), 6), len(members), ranks, members))
    return min(sets, key=lambda each: each[:3])[3] if sets else ()


def _worth(members: Sequence[Start]) -> float:
    """What it is good at in general, at code, and how much of that it can do quickly."""
    by_role = {each.role: each.advice for each in members}
    general, coder, quick = (by_role.get(role) for role in ("general", *SPECIAL))
    code = max(_code(general) if general else 0.0, _code(coder) - BETTER if coder else 0.0)
    rest = general.strength if general else 0.0
    return rest + code + (QUICK_COUNTS * quick.strength if quick else 0.0)


def _codes(each: Advice) -> bool:
    return each.kind == "code" or "code" in each.strengths


def _code(each: Advice) -> float:
    """Its strength at code, or what to expect of it there."""
    return each.strengths.get("code", each.strength + OWN_KIND * (each.kind == "code"))


def _is_quick(each: Advice) -> bool:
    small = QUICK[0] <= size_class(each.parameters) <= QUICK[1]
    return small and each.kind != "code" and each.verdict is Verdict.WELL


def _of_class(advised: Sequence[Advice], size: int) -> list[Advice]:
    """Small ones are weaker, and may be all that there is room for."""
    return [each for each in advised if size_class(each.parameters) == size]


def _sensible(members: Sequence[Start]) -> bool:
    """Nothing is there twice, and the quick one is quick beside the general one, or the only."""
    by_role = {each.role: each.advice for each in members}
    quick, other = by_role.get("quick"), by_role.get("general") or by_role["coder"]
    if len({each.name for each in by_role.values()}) < len(by_role):
        return False
    return quick is None or quick.decode_tok_s.mid >= FASTER * other.decode_tok_s.mid


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
