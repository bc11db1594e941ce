"""Who is let in next, where models share one memory. Pure: no clock, no task, no I/O.

`Machine` is the state, `next_in` decides from it and changes nothing, and the methods of `Machine`
say what a decision does to the state. `homeward.machine.scheduler.turns` acts. The rules, and the
issues that taught them, are in docs/decisions/0006-queues.md:

* Within a model, first come, first served, and never more at once than its limit.
* A model that is loaded goes on being served before another is swapped in.
* A model that answers somebody is never evicted. Models that fit together run together.
* Whoever waits for a swap is overtaken ``overtakes`` times, or for ``patience`` seconds: then those
  in the way get nothing new, until they are done and their ``residency`` is over.
* Those who were in its line when a model was loaded are served before it has to go, for as long as
  its ``turn`` is: a batch for several models goes through them one by one.
* An idle model stays for its ``residency`` after its first answer, and ``linger`` after its last.
"""

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from math import inf

from homeward.model import Seconds

NEVER = -inf


@dataclass(frozen=True)
class Rules:
    """``disk`` is how many bytes a second a swap loads, of a model that none was seen of yet.

    A ``turn`` is so long, or ``worth`` times what the swap takes: it has to pay off.
    """

    overtakes: int = 32
    patience: Seconds = 30.0
    residency: Seconds = 2.0
    linger: Seconds = 0.2
    disk: float = 1e9
    turn: Seconds = 60.0
    worth: float = 10.0


@dataclass(eq=False, slots=True)
class Waiter:
    """``order`` counts arrivals in the whole machine, ``before`` those ahead in its line then."""

    order: int
    since: float
    before: int


@dataclass(eq=False, slots=True)
class Runner:
    """A model as it is loaded. ``size`` is in bytes, 0 where nobody knows.

    Of runners with one ``place`` only one can be loaded: Ollama holds a model once, and changed
    options replace it. ``limit`` is how many it serves at once, ``most`` what that may grow to.
    """

    name: str
    place: str = ""
    size: int = 0
    limit: float = inf
    most: float = inf
    running: int = 0
    line: deque[Waiter] = field(default_factory=deque[Waiter])
    loads: int = 0  # of the machine until this was loaded; 0 while it is not
    swaps: int = 0  # how often it was loaded
    took: Seconds = 0.0  # what that takes, on average, as far as was seen; 0: not known
    gate: int = 0  # the machine's arrivals when it was loaded
    fresh: bool = False  # loaded for somebody who has had no answer yet
    since: float = NEVER  # of its residency
    idle_since: float = NEVER
    until: float = NEVER  # when its server would unload it, as it last said
    overtaken: int = 0  # others let in before the first of its line, while it was not loaded
    pace: float = 0.0  # seconds between two that are done, while others wait; 0: not known
    left_at: float = NEVER

    @property
    def has_room(self) -> bool:
        return self.running + 1 <= self.limit

    def wait(self, before: int) -> Seconds:
        """About how long the one with so many before it will wait."""
        return (before + 1) * (self.pace or 1.0)


@dataclass(frozen=True)
class Let:
    """The first in the line of ``runner`` goes in; ``evict`` make room for it."""

    runner: Runner
    evict: Sequence[Runner] = ()


@dataclass(eq=False)
class Machine:
    """``memory`` in bytes and ``most`` models are what can be loaded; a model alone always can."""

    memory: float = inf
    most: float = inf
    rules: Rules = Rules()
    runners: dict[str, Runner] = field(default_factory=dict[str, Runner])
    waiting: int = 0
    arrivals: int = 0
    loads: int = 0

    def add(self, runner: Runner) -> Runner:
        runner.place = runner.place or runner.name
        return self.runners.setdefault(runner.name, runner)

    @property
    def loaded(self) -> list[Runner]:
        return [runner for runner in self.runners.values() if runner.loads]

    def arrive(self, runner: Runner, now: float) -> Waiter:
        self.waiting += 1
        self.arrivals += 1
        waiter = Waiter(self.arrivals, now, len(runner.line))
        runner.line.append(waiter)
        return waiter

    def withdraw(self, runner: Runner, waiter: Waiter) -> None:
        """Somebody leaves the line."""
        runner.line.remove(waiter)
        self.waiting -= 1
        if not runner.line:
            runner.overtaken = 0

    def admit(self, let: Let, now: float) -> Waiter:
        runner = let.runner
        for victim in let.evict:
            self.unload(victim)
        waiter = runner.line.popleft()
        self.waiting -= 1
        runner.running += 1
        if not runner.loads:
            self.load(runner, now)
            runner.fresh, runner.gate = True, self.arrivals
        runner.overtaken = 0
        if self.waiting:
            for other in self.runners.values():
                if other.line and not other.loads and other.line[0].order < waiter.order:
                    other.overtaken += 1
        return waiter

    def leave(self, runner: Runner, now: float, *, busy: bool = False, took: Seconds = 0.0) -> None:
        """An answer has ended, however it did. ``busy``: its server said that it has too many.

        Half of them are let in from then on, and one more after each full round of answers.
        ``took`` is what the model took to load, as that answer tells; 0 where it does not.
        """
        if busy:
            runner.limit = max(1.0, min(runner.limit, runner.running / 2))
        elif runner.limit < runner.most and runner.running <= runner.limit < runner.running + 1:
            runner.limit = min(runner.limit + 1 / runner.limit, runner.most)
        runner.running -= 1
        if runner.fresh:
            runner.fresh, runner.since = False, now
            if took:  # others that came with it waited for the same load
                runner.took = took if not runner.took else 0.7 * runner.took + 0.3 * took
        if not runner.running:
            runner.idle_since = now
        if runner.line:
            gap = now - max(runner.left_at, runner.line[0].since)
            runner.pace = gap if not runner.pace else 0.8 * runner.pace + 0.2 * gap
        runner.left_at = now

    def load(self, runner: Runner, now: float) -> None:
        self.loads += 1
        runner.loads, runner.since = self.loads, now
        runner.swaps += 1

    def unload(self, runner: Runner) -> None:
        runner.loads = 0

    def fits(self, runners: Sequence[Runner]) -> bool:
        if len(runners) <= 1:
            return True
        return (
            len(runners) <= self.most
            and sum(runner.size for runner in runners) <= self.memory
            and len({runner.place for runner in runners}) == len(runners)
        )


def swap(runner: Runner, rules: Rules) -> Seconds:
    """What it costs to load it: as it was seen to take, else by its size; 0 where nobody knows."""
    return runner.took or runner.size / rules.disk


def next_in(machine: Machine, now: float) -> Let | float:
    """Whom to let in. A number is the moment to ask again, if nothing changes before."""
    lines = sorted(
        (runner for runner in machine.runners.values() if runner.line),
        key=lambda runner: runner.line[0].order,
    )
    first = next((runner for runner in lines if not runner.loads), None)
    overdue = first is not None and _is_overdue(first, machine.rules, now)
    in_the_way = _in_the_way(machine, first) if overdue and first is not None else ()
    later = inf
    for runner in lines:
        if runner.loads:
            stops = runner in in_the_way and now >= _rested(runner, machine.rules)
            if runner.has_room and not stops:
                return Let(runner)
        elif runner is first or not overdue:
            evict, when = _room(machine, runner, in_the_way if runner is first else ())
            if when <= now:
                return Let(runner, evict)
            later = min(later, when)
    return later


def _is_overdue(runner: Runner, rules: Rules, now: float) -> bool:
    waited = now - runner.line[0].since
    return runner.overtaken >= rules.overtakes or waited >= rules.patience


def _in_the_way(machine: Machine, first: Runner) -> Sequence[Runner]:
    """Those that can not stay beside ``first``.

    The latest loaded stay. That order does not change while one waits, so neither does the
    answer: each of them only empties, and the turn comes.
    """
    stay, go = [first], list[Runner]()
    for runner in sorted(machine.loaded, key=lambda runner: -runner.loads):
        (stay if machine.fits([*stay, runner]) else go).append(runner)
    return go


def _rested(runner: Runner, rules: Rules) -> float:
    """The end of its residency: from its first answer it serves for as long as it takes to load.

    While some are in line who came before it was loaded, the end of its turn.
    """
    if runner.fresh:
        return inf
    cost, residency = swap(runner, rules), rules.residency
    if runner.took:  # a quick one has paid off before
        residency = min(residency, rules.worth * cost)
    least = residency + cost
    if runner.line and runner.line[0].order <= runner.gate:
        least = max(least, rules.turn, rules.worth * cost)
    return runner.since + least


def _room(
    machine: Machine, runner: Runner, in_the_way: Sequence[Runner]
) -> tuple[Sequence[Runner], float]:
    """Whom to evict so that it fits, and when that may be; never, at infinity."""
    stay = machine.loaded
    evict: list[tuple[float, Runner]] = []
    for when, victim in sorted(
        _evictable(stay, machine.rules, in_the_way),
        key=lambda pair: (pair[1].place != runner.place, pair[0], pair[1].idle_since),
    ):
        if machine.fits([*stay, runner]):
            break
        stay.remove(victim)
        evict.append((when, victim))
    if not machine.fits([*stay, runner]):
        return (), inf
    needed = []
    for when, victim in evict:  # a small one may have gone before the one that was enough
        if machine.fits([*stay, victim, runner]):
            stay.append(victim)
        else:
            needed.append((when, victim))
    return [victim for _, victim in needed], max((when for when, _ in needed), default=NEVER)


def _evictable(
    loaded: Iterable[Runner], rules: Rules, in_the_way: Sequence[Runner]
) -> list[tuple[float, Runner]]:
    """The idle ones, and from when on each may go."""
    found = []
    for runner in loaded:
        if runner.running:
            continue
        if runner in in_the_way:
            found.append((_rested(runner, rules), runner))
        elif not runner.line:
            lingers = runner.idle_since + rules.linger
            found.append((max(_rested(runner, rules), lingers), runner))
    return found
