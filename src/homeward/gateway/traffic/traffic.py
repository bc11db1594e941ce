"""Local traffic: which models of this house are asked now, and who waits for them in line.

A line is put around every leaf that runs on this machine or network; hosted ones are left alone.
What a runtime can do at once it tells, in the background, after the first answer (what it has
loaded also before it, where `homeward.gateway.traffic.watching` asks);
where it does not, its limit is learnt. Models that share a memory are gathered, so that those
which do not fit together do not evict each other at every call. See docs/decisions/0006-queues.md.
"""

import asyncio
import time
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any, Self

from msgspec import Struct

from homeward.backends.http import Http, borrowed
from homeward.gateway.traffic.places import Children, Spot, spot_of
from homeward.gateway.traffic.runtimes import Runtime
from homeward.machine.scheduler.learning import saw
from homeward.machine.scheduler.schedule import Machine, Rules, Runner, swap
from homeward.machine.scheduler.turns import Turns, Waited
from homeward.model import Clearance, Decision, Model, Seconds
from homeward.strategies.queued import queued


class Waiting(Struct, frozen=True):
    """One in line. ``position`` is how many are before it, ``seconds`` about what it has left."""

    position: int
    waited: Seconds
    seconds: Seconds


class Row(Struct, frozen=True):
    """One line. ``limit`` is None where there is none, ``loaded`` where the runtime does not tell.

    ``at`` is the server's address, ``seconds`` about how long one who comes now will wait.
    ``size`` is in bytes, of the loaded model, 0 where nobody knows. To load it takes
    ``swap_seconds``: as it was ``seen`` to, else by its size. ``swaps`` is how often it was loaded.
    """

    model: str
    at: str
    waiting: int
    running: int
    limit: int | None
    loaded: bool | None
    seconds: Seconds
    line: tuple[Waiting, ...] = ()
    size: int = 0
    swap_seconds: Seconds | None = None
    seen: bool = False
    swaps: int = 0


@dataclass(eq=False)
class Place:
    """Models that share a memory: a server's, or those of this package. ``fixed`` are the runners
    whose limit the operator has set. ``told`` once the runtime said what is loaded.
    """

    at: str
    turns: Turns
    runtime: Runtime | None = None
    http: Http | None = None
    tells: bool = False  # what is loaded
    idle: Seconds = 0.0  # of the loads that it tells, those up to this were none
    fixed: set[str] = field(default_factory=set[str])
    due: float = 0.0  # when it is to be looked at again
    loads: int = 0  # that there were when it was looked at
    looking: bool = False
    looked: float = -inf  # when it was, for the last time
    told: bool = False
    where: Clearance = Clearance.MACHINE

    @property
    def machine(self) -> Machine:
        return self.turns.machine

    def wants_a_look(self, now: float) -> bool:
        """Something was loaded since the last one, or it was long ago."""
        changed = self.tells and self.loads != self.machine.loads
        return (now >= self.due or changed) and not self.looking

    async def look(self) -> None:
        """Ask the runtime, and go by what it tells from now on."""
        if self.runtime is None:
            return
        began, self.loads = time.monotonic(), self.machine.loads
        try:
            async with borrowed(self.http) as http:
                facts = await self.runtime.look(http)
        finally:
            self.looking = False
            self.looked = time.monotonic()
        now = self.looked
        self.due = now + self.runtime.every
        for runner in self.machine.runners.values():
            runner.size = runner.size or facts.sizes.get(runner.place, 0)
            if facts.slots is not None and runner.name not in self.fixed:
                runner.limit = runner.most = facts.slots
        if facts.loaded is not None:
            self.told = True
            saw(self.machine, facts.loaded, began, now)
            self.loads = self.machine.loads
        self.turns.change()


@dataclass(eq=False)
class Line:
    """A `homeward.strategies.queued.Line`: the callers of one runner."""

    model: str
    runner: Runner
    place: Place
    traffic: "Traffic"

    def enter(self) -> bool:
        return self.place.turns.enter(self.runner)

    async def wait(self, deadline: float | None) -> Decision | None:
        waited = await self.place.turns.wait(self.runner, deadline)
        return None if waited is None else told(waited)

    def leave(self, *, busy: bool, took: Seconds = 0.0) -> None:
        place = self.place
        now = place.turns.leave(self.runner, busy=busy, took=took if took > place.idle else 0.0)
        if place.runtime is not None and place.wants_a_look(now):
            place.looking = True
            self.traffic.spawn(place.look())

    @property
    def loaded(self) -> bool | None:
        """None where nobody has said it yet."""
        place, there = self.place, bool(self.runner.loads)
        known = place.tells and (there or place.told or place.runtime is None)
        return there if known else None

    def row(self, now: float) -> Row:
        runner = self.runner
        waits = tuple(
            Waiting(position, now - waiter.since, runner.wait(position))
            for position, waiter in enumerate(runner.line)
        )
        free = runner.has_room and not waits
        cost = swap(runner, self.place.machine.rules)
        return Row(
            self.model,
            self.place.at,
            len(waits),
            runner.running,
            None if runner.limit == inf else int(runner.limit),
            self.loaded,
            0.0 if free else runner.wait(len(waits)),
            waits,
            runner.size,
            cost or None,
            bool(runner.took),
            runner.swaps,
        )


def told(waited: Waited) -> Decision:
    if waited.before:
        why = f"{waited.before} {'was' if waited.before == 1 else 'were'} before it"
    else:
        why = "another model had to finish" if waited.swapped else "every place was taken"
    numbers = {"position": waited.before, "seconds": round(waited.seconds, 3)}
    return Decision("queue", "waited", why, numbers)


@dataclass(eq=False)
class Traffic:
    """All lines of a gateway. ``at_once`` are limits by name: the file's, or the runtime's own.

    ``rules`` are how patient it is; None for the usual ones, with the speed of the disk that the
    models are on. Give `around` to whoever builds the tree, and enter this inside of it.
    """

    at_once: Mapping[str, int] = field(default_factory=dict[str, int])
    rules: Rules | None = None
    lines: dict[tuple[str, str], Line] = field(default_factory=dict[tuple[str, str], Line])
    _places: dict[str, Place] = field(default_factory=dict[str, Place])
    _tasks: set["asyncio.Task[Any]"] = field(default_factory=set["asyncio.Task[Any]"])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for place in self._places.values():
            place.turns.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def around(self, leaf: Model, name: str) -> Model:
        """The leaf in its line, or as it is where it needs none."""
        model = getattr(leaf, "model", name)
        fixed = self.at_once.get(name) or self.at_once.get(model)
        spot = spot_of(leaf, hosted=fixed is not None)
        if spot is None:
            return leaf
        place = self._places.get(spot.at) or self._open(spot)
        runner = place.machine.add(spot.runner)
        if fixed is not None:
            place.fixed.add(runner.name)
            runner.limit = runner.most = fixed
        line = self.lines.setdefault((spot.at, runner.name), Line(model, runner, place, self))
        return queued(leaf, line)

    def snapshot(self) -> list[Row]:
        """A row for each line."""
        now = time.monotonic()
        return [line.row(now) for line in self.lines.values()]

    @property
    def places(self) -> tuple[Place, ...]:
        return tuple(self._places.values())

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do it in the background, until this closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _open(self, spot: Spot) -> Place:
        rules = self.rules or (Rules(disk=spot.disk) if spot.disk else Rules())
        machine = Machine(spot.memory, spot.most, rules)
        unloader = Children(self.spawn) if spot.ends else None
        place = self._places[spot.at] = Place(
            spot.at,
            Turns(machine, unloader),
            spot.runtime,
            spot.http,
            tells=spot.tells,
            idle=spot.idle,
            where=spot.where,
        )
        return place
