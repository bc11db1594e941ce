"""The least change with which a set fits together, or what to leave out where none is enough."""

from collections.abc import Callable, Iterator, Sequence
from itertools import combinations
from math import log2
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from homeward.machine.fleet.admission import Admission
from homeward.machine.fleet.member import Member, again
from homeward.machine.fleet.orders import kept
from homeward.machine.fleet.packing import pack
from homeward.machine.fleet.rules import OLLAMA_RULES, OllamaRules
from homeward.machine.fleet.server import Server
from homeward.machine.hardware import Hardware

LEAST_CONTEXT = 2048
"""Tokens of a slot below which none is proposed."""

STEP = 1024

WIDE = frozenset({"f32", "f16", "bf16"})
"""Types of the cache that q8_0 halves; a smaller type than that costs quality."""

Reach = Literal["ollama", "memory", "nothing"]


class Settings(Struct, frozen=True, kw_only=True):
    """``reach`` is what they are for: that Ollama keeps the set together, or only that it fits.

    ``contexts`` are the tokens of one slot, by name. ``changes`` says in words what is not as it
    was, none where nothing need be. ``order`` is the one to load them in, where only some orders
    hold. ``leave_out`` are models without which the others fit.
    """

    reach: Reach
    server: Server
    contexts: dict[str, int]
    changes: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()


def settings(
    members: Sequence[Member],
    hardware: Hardware,
    server: Server,
    rules: OllamaRules = OLLAMA_RULES,
) -> tuple[Settings, tuple[Member, ...]]:
    """The settings, and the members as they are with them.

    First what makes Ollama keep them together and fits: an order, then what makes every order do;
    then what at least fits; then the largest part of the set that does as it is.
    """
    most = rules.per_device * max(1, len(server.sees(hardware, rules)))
    wide = replace(server, most=len(members)) if len(members) > (server.most or most) else server
    allowed = (
        ()
        if wide is server
        else (f"{len(members)} models at once instead of {server.most or most}",)
    )

    def fits(which: Sequence[Member]) -> bool:
        return pack(which, hardware) is not None

    def stays(which: Sequence[Member]) -> bool:
        if not fits(which):
            return False
        return kept(which, Admission(hardware, wide, rules)).together == "always"

    given = kept(members, Admission(hardware, wide, rules))
    if given.together == "sometimes" and fits(members):
        order = given.example
        told = f"{order[0]} is loaded first" if given.first else f"the order {', '.join(order)}"
        changes = (*allowed, f"{told}, and all are kept for ever")
        return replace(_settings("ollama", wide, members, changes), order=order), tuple(members)
    goals: tuple[tuple[Reach, Callable[[Sequence[Member]], bool]], ...] = (
        ("ollama", stays),
        ("memory", fits),
    )
    for reach, goal in goals:
        found = _least(members, goal)
        if found is not None:
            changes, changed = found
            extra = allowed if reach == "ollama" else ()
            return _settings(reach, wide, changed, (*extra, *changes)), changed
    for count in range(len(members) - 1, 0, -1):
        for reach, goal in goals:
            held = [part for part in combinations(members, count) if goal(part)]
            if held:
                part = max(held, key=lambda p: sum(m.share for m in p))
                out = tuple(member.name for member in members if member not in part)
                return replace(_settings(reach, wide, part, ()), leave_out=out), tuple(part)
    return _settings("nothing", wide, members, ()), tuple(members)


def _settings(
    reach: Reach, server: Server, members: Sequence[Member], changes: tuple[str, ...]
) -> Settings:
    return Settings(
        reach=reach,
        server=replace(
            server,
            context=max((m.context for m in members), default=server.context),
            parallel=max((m.use.parallel for m in members), default=1),
            kv=members[0].use.kv if members else server.kv,
            flash_attention=True if any(_narrow(m) for m in members) else server.flash_attention,
        ),
        contexts={member.name: member.context for member in members},
        changes=changes,
    )


def _narrow(member: Member) -> bool:
    return member.use.kv not in WIDE


def _least(
    members: Sequence[Member], goal: Callable[[Sequence[Member]], bool]
) -> tuple[tuple[str, ...], tuple[Member, ...]] | None:
    """One slot costs 1 for each halving, q8_0 costs 1, and a context 1 more than its halvings."""
    best: tuple[float, tuple[str, ...], tuple[Member, ...]] | None = None
    for cost, changes, changed in _changed(members):
        if best is not None and cost >= best[0]:
            continue
        longest = max(member.context for member in members)
        if goal(changed):
            best = cost, changes, changed
            continue
        tokens = _longest(changed, longest, goal)
        if tokens:
            price = cost + 1 + log2(longest / tokens)
            if best is None or price < best[0]:
                told = f"a context of {tokens:,} tokens instead of {longest:,}"
                best = price, (*changes, told), _shortened(changed, tokens)
    return None if best is None else best[1:]


def _changed(
    members: Sequence[Member],
) -> Iterator[tuple[float, tuple[str, ...], tuple[Member, ...]]]:
    most = max((member.use.parallel for member in members), default=1)
    slots: list[tuple[float, str]] = [(0.0, "")]
    if most > 1:
        slots.append((log2(most), f"1 request at a time instead of {most}"))
    types: list[tuple[float, str]] = [(0.0, "")]
    if wide := sorted({member.use.kv for member in members} & WIDE):
        types.append((1.0, f"a cache of q8_0 instead of {' and '.join(wide)}"))
    for slot_cost, slot in slots:
        for type_cost, kind in types:
            changed = [_with(member, one=bool(slot), narrow=bool(kind)) for member in members]
            told = tuple(word for word in (slot, kind) if word)
            yield slot_cost + type_cost, told, tuple(changed)


def _with(member: Member, *, one: bool, narrow: bool) -> Member:
    use = member.use
    if one:
        use = replace(use, context=member.context, parallel=1)
    if narrow and use.kv in WIDE:
        use = replace(use, kv="q8_0", flash_attention=True)
    return again(member, use)


def _shortened(members: Sequence[Member], tokens: int) -> tuple[Member, ...]:
    return tuple(
        again(m, replace(m.use, context=min(m.context, tokens) * m.use.parallel)) for m in members
    )


def _longest(
    members: Sequence[Member], below: int, goal: Callable[[Sequence[Member]], bool]
) -> int:
    """The longest context that reaches it, in steps of `STEP`; 0 where none does."""
    low, high = LEAST_CONTEXT // STEP, (below - 1) // STEP
    if high < low or not goal(_shortened(members, low * STEP)):
        return 0
    while low < high:
        middle = (low + high + 1) // 2
        if goal(_shortened(members, middle * STEP)):
            low = middle
        else:
            high = middle - 1
    return low * STEP
