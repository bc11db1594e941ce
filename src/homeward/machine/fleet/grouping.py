"""Which models stay loaded and which take turns, so that requests wait least for loads."""

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from msgspec import Struct

from homeward.machine.fleet.loading import Load
from homeward.machine.fleet.member import Member
from homeward.machine.fleet.packing import pack
from homeward.machine.hardware import Hardware

EXACT = 8
"""Models of a set for which every grouping is compared."""

Fits = Callable[[int], bool]
"""Whether the models of a set, one bit each, fit together."""

Found = tuple[Sequence[int], Sequence[Sequence[int]]]
"""Residents and groups."""


class Grouping(Struct, frozen=True, kw_only=True):
    """``residents`` stay; of ``groups`` one is beside them at a time.

    ``seconds`` are those of loading that a request waits for on average, at the given shares.
    ``alone`` are models that not even alone lie in the GPUs: a part stays in main memory.
    """

    residents: tuple[str, ...]
    groups: tuple[tuple[str, ...], ...]
    seconds: float
    alone: tuple[str, ...] = ()
    exact: bool = True


def expected(
    groups: Sequence[Sequence[int]], shares: Sequence[float], seconds: Sequence[float]
) -> float:
    """Seconds of loading for a request on average, if each is drawn by the shares.

    A model has to be loaded if somebody of another group was asked since it was last: with the
    share p of its own and q of all other groups together, in q / (p + q) of its requests.
    """
    turning = sum(shares[member] for group in groups for member in group)
    total = sum(shares)
    cost = 0.0
    for group in groups:
        others = turning - sum(shares[member] for member in group)
        for member in group:
            own = shares[member]
            if own and others > 1e-12:
                cost += own / total * others / (own + others) * seconds[member]
    return cost


def group(members: Sequence[Member], hardware: Hardware, costs: Sequence[Load]) -> Grouping:
    """The residents and groups with the fewest expected seconds of loading.

    Every grouping of up to `EXACT` models is compared; of more, those models stay that are asked
    most for their bytes, and the others fill groups in that order.
    """
    shares = [member.share for member in members]
    if not sum(shares):
        shares = [1.0 for _ in members]
    seconds = [each.seconds.mid for each in costs]

    @cache
    def fits(mask: int) -> bool:
        return pack([m for n, m in enumerate(members) if mask >> n & 1], hardware) is not None

    count = len(members)
    exact = count <= EXACT
    best = _best(count, shares, seconds, fits) if exact else _filled(members, shares, fits)
    residents, groups = best

    def named(chosen: Sequence[int]) -> tuple[str, ...]:
        return tuple(members[n].name for n in chosen)

    return Grouping(
        residents=named(residents),
        groups=tuple(named(each) for each in groups),
        seconds=round(expected(groups, shares, seconds), 4),
        alone=named([n for n in range(count) if not fits(1 << n)]),
        exact=exact,
    )


def _best(count: int, shares: Sequence[float], seconds: Sequence[float], fits: Fits) -> Found:
    everything = (1 << count) - 1
    if not count or fits(everything):
        return range(count), ()
    found: Found = (), [[n] for n in range(count)]  # each takes turns with all others
    least = (round(expected(found[1], shares, seconds), 9), 0, count)
    for kept in range(everything):
        residents = [n for n in range(count) if kept >> n & 1]
        if kept and not fits(kept):
            continue
        turning = [n for n in range(count) if not kept >> n & 1]
        for groups in _partitions(turning, kept, fits):
            cost = round(expected(groups, shares, seconds), 9)
            rank = (cost, -len(residents), len(groups))
            if rank < least:
                least, found = rank, (residents, [[*each] for each in groups])
    return found


def _partitions(turning: Sequence[int], kept: int, fits: Fits) -> Iterator[list[list[int]]]:
    """Every way to group them so that each group fits beside those that are kept.

    One that does not even fit alone is a group of its own, where nobody is kept.
    """
    groups: list[list[int]] = []
    masks: list[int] = []

    def put(at: int) -> Iterator[list[list[int]]]:
        if at == len(turning):
            yield groups
            return
        bit = 1 << turning[at]
        for number in range(len(groups)):
            if fits(kept | masks[number] | bit):
                groups[number].append(turning[at])
                masks[number] |= bit
                yield from put(at + 1)
                groups[number].pop()
                masks[number] &= ~bit
        if not kept or fits(kept | bit):
            groups.append([turning[at]])
            masks.append(bit)
            yield from put(at + 1)
            groups.pop()
            masks.pop()

    yield from put(0)


def _filled(members: Sequence[Member], shares: Sequence[float], fits: Fits) -> Found:
    """Residents first, as long as each of the others still fits beside them."""
    order = sorted(
        range(len(members)), key=lambda n: (-shares[n] / members[n].on_gpu, members[n].name)
    )
    kept = 0
    for number in order:
        wider = kept | 1 << number
        rest = [n for n in order if not wider >> n & 1]
        if fits(wider) and all(fits(wider | 1 << n) for n in rest):
            kept = wider
    masks: list[int] = []
    groups: list[list[int]] = []
    for number in order:
        if kept >> number & 1:
            continue
        at = next((n for n, mask in enumerate(masks) if fits(kept | mask | 1 << number)), None)
        if at is None:
            masks.append(1 << number)
            groups.append([number])
        else:
            masks[at] |= 1 << number
            groups[at].append(number)
    residents = [n for n in order if kept >> n & 1]
    if len(groups) == 1:  # nobody takes turns with it
        return [*residents, *groups[0]], ()
    return residents, groups
