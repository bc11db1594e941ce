"""Whether Ollama keeps a set together, whatever the order in which its models are first asked."""

from collections.abc import Sequence
from math import factorial
from typing import Literal

from msgspec import Struct

from homeward.machine.fleet.admission import Admission, Step
from homeward.machine.fleet.chosen import Runner
from homeward.machine.fleet.member import Member

MOST = 7
"""Models of a set of which every order is tried."""

Together = Literal["always", "sometimes", "never"]


class Kept(Struct, frozen=True, kw_only=True):
    """``together`` is whether all are loaded at the end, nobody having been evicted.

    ``holds`` of ``orders`` that were tried ended so. ``first`` are models that, asked first, lead
    to that with every order of the others, where no other model does; ``example`` is an order
    that leads to it. ``steps`` are those of the order as given, ``stay`` who is loaded then,
    ``reloads`` how many are loaded again each time that all are asked once more in that order.
    ``spills`` are models of which a part lies in main memory then.
    """

    together: Together
    orders: int
    holds: int
    first: tuple[str, ...]
    example: tuple[str, ...]
    steps: tuple[Step, ...]
    stay: tuple[str, ...]
    reloads: int
    spills: tuple[str, ...]
    failed: tuple[str, ...]


def kept(members: Sequence[Member], admission: Admission) -> Kept:
    """Every order of up to `MOST` models; of more, those that turn the given one round."""
    steps, loaded = _asked(members, admission, ())
    _, settled = _asked(members, admission, loaded)
    again, _ = _asked(members, admission, settled)
    count = len(members)
    held = [*_holding(members, admission)]
    orders = factorial(count) if count <= MOST else count
    each_first = orders // max(1, count)
    firsts = [order[0] for order in held if order]
    always_first = [m.name for m in members if firsts.count(m.name) == each_first]
    decides = len(held) < orders and len(always_first) * each_first == len(held)
    if not members:
        orders, held = 1, [()]
    return Kept(
        together="always" if len(held) == orders else "sometimes" if held else "never",
        orders=orders,
        holds=len(held),
        first=tuple(always_first) if decides else (),
        example=held[0] if held else (),
        steps=steps,
        stay=tuple(runner.name for runner in loaded),
        reloads=sum(step.loads or step.failed for step in again),
        spills=tuple(step.name for step in steps if step.on_gpu < 1 and not step.failed)
        if admission.gpus
        else (),
        failed=tuple(step.name for step in steps if step.failed),
    )


def _asked(
    members: Sequence[Member], admission: Admission, loaded: tuple[Runner, ...]
) -> tuple[tuple[Step, ...], tuple[Runner, ...]]:
    steps: list[Step] = []
    for member in members:
        step, loaded = admission.ask(member, loaded)
        steps.append(step)
    return tuple(steps), loaded


def _holding(members: Sequence[Member], admission: Admission) -> list[tuple[str, ...]]:
    """The orders in which nobody is evicted; what began in vain is not gone on with."""
    if len(members) > MOST:
        turned = [(*members[at:], *members[:at]) for at in range(len(members))]
        return [
            tuple(member.name for member in order)
            for order in turned
            if all(step.loads and not step.evicts for step in _asked(order, admission, ())[0])
        ]
    known: dict[tuple[frozenset[str], tuple[Runner, ...]], list[tuple[str, ...]]] = {}

    def rest(left: tuple[Member, ...], loaded: tuple[Runner, ...]) -> list[tuple[str, ...]]:
        if not left:
            return [()]
        state = tuple(sorted(loaded, key=lambda runner: runner.name))
        key = (frozenset(member.name for member in left), state)
        if key not in known:
            found: list[tuple[str, ...]] = []
            for at, member in enumerate(left):
                step, then = admission.ask(member, state)
                if step.loads and not step.evicts:
                    others = (*left[:at], *left[at + 1 :])
                    found += [(member.name, *order) for order in rest(others, then)]
            known[key] = found
        return known[key]

    return rest(tuple(members), ())
