"""Experiments in a running gateway: which there are, and what answers a route meanwhile."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import msgspec

from homeward.errors import ModelError
from homeward.gateway.accounting.bill import bill
from homeward.gateway.accounting.journal import Journal
from homeward.gateway.accounting.trouble import LOG, Trouble
from homeward.gateway.beside import beside
from homeward.gateway.routes import Route
from homeward.gateway.settings import Settings
from homeward.learn.experiment.compared import compare
from homeward.model import Event, Model, Seconds, Usage, unbilled
from homeward.store.experiments import SHADOW_ID, Choice, Experiments, Plan, Vote
from homeward.store.protocols import StoreDown
from homeward.store.records import Contents, Entry
from homeward.strategies.experiment import Experiment
from homeward.strategies.shadow import Background, Compare, Shadow, Shadowed

REFRESH: Seconds = 2.0  # an experiment that was stopped goes on for so long
PATIENCE: Seconds = 5.0
JUDGE_ID = "-judge"


@dataclass(eq=False)
class Experimenting:
    """Puts experiments in the place of their routes while they run, and the routes back then.

    ``routes`` are the gateway's, by name, and are changed: whatever asks for a route by its name
    is then answered by the experiment, and no bytes are passed on around it. A key that may call
    the route may call what answers for it; how far the data travels is still its clearance's.
    """

    routes: dict[str, Route]
    store: Experiments
    journal: Journal
    settings: Settings
    background: Background
    trouble: Trouble = field(
        default_factory=lambda: Trouble("experiments", "those that run go on as they are")
    )
    _plans: list[Plan] = field(default_factory=list[Plan], repr=False)
    _votes: list[Vote] = field(default_factory=list[Vote], repr=False)  # not in the store yet
    _own: dict[str, tuple[Route, Route]] = field(  # by name: the route itself, and its experiment
        default_factory=dict[str, tuple[Route, Route]], repr=False
    )

    async def refresh(self) -> None:
        """Read them from the store. One that does not answer leaves what is known."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self.keep_votes()
                self.replace(await self.store.plans())
        except Exception as error:  # whatever it is, the next attempt must come: they are stopped
            self.trouble.failed(error if str(error) else StoreDown("the store does not answer"))
        else:
            self.trouble.succeeded()

    def replace(self, plans: Iterable[Plan]) -> None:
        """The experiments as they now are in the store; of two on one route the earlier runs."""
        running = sorted(filter(touches_traffic, plans), key=lambda plan: plan.started)
        if running == self._plans:
            return
        self._plans = running
        for name, (own, ours) in self._own.items():
            if self.routes.get(name) is ours:  # else it was taken away or changed meanwhile
                self.routes[name] = own
        self._own.clear()
        begun = {plan.route: self._begun(plan) for plan in reversed(running)}
        for name, experiment in begun.items():
            if experiment is not None:
                self._own[name] = (self.routes[name], experiment)
        self.routes.update({name: ours for name, (_, ours) in self._own.items()})

    def _begun(self, plan: Plan) -> Route | None:
        """What answers; None where a route is missing. The arms are routes themselves."""
        needed = [plan.route, plan.against, *([plan.judge] if plan.judge else [])]
        if missing := [name for name in needed if name not in self.routes]:
            LOG.warning(
                "experiment %s does not run: there is no route %s here; stop it, or add that",
                plan.name,
                ", ".join(missing),
            )
            return None
        control, treatment = (self.routes[name].model for name in needed[:2])
        return Route.of(plan.route, self._model(plan, control, treatment))

    def _model(self, plan: Plan, control: Model, treatment: Model) -> Model:
        if not plan.shadow:
            return Experiment(control, treatment, plan.share, plan.name, plan.salt)
        comparing = self._comparing(plan, self.routes[plan.judge].model) if plan.judge else None

        def tell(pair: Shadowed) -> None:
            self._tell(plan, pair)

        return Shadow(
            control,
            treatment,
            tell,
            self.background,
            comparing,
            plan.share,
            plan.name,
            plan.salt,
        )

    def _tell(self, plan: Plan, pair: Shadowed) -> None:
        """The shadow's entry: of the treatment's route, and of no key."""
        entry = Entry(
            id=f"{pair.request.trace}{SHADOW_ID}",
            began=pair.began,
            tenant=pair.request.tenant,
            route=plan.against,
            model=pair.treatment.finish.model if pair.treatment.finish is not None else "",
            seconds=pair.seconds,
            first_seconds=pair.first_seconds,
            outcome=pair.outcome,
            error=type(pair.error).__name__ if pair.error is not None else "",
            status=0,  # no client saw any
            stream=pair.request.stream,
            experiment=plan.name,
            arm="treatment",
            conversation=pair.conversation,
            **bill(pair.treatment.usage, self.settings),
        )
        self.journal.write(entry)
        if self.settings.keep_contents and pair.outcome == "finished":
            asked = msgspec.to_builtins(pair.request)
            self.journal.keep(Contents(entry.id, asked, pair.treatment.text))

    def _comparing(self, plan: Plan, judge: Model) -> Compare:
        async def comparing(pair: Shadowed) -> None:
            began, clock = time.time(), time.monotonic()
            heard: list[Event] = []
            failed: ModelError | None = None
            asked = pair.request.with_(deadline=None)  # nobody waits for a verdict
            try:
                choice = await compare(judge, asked, pair.control.text, pair.treatment.text, heard)
                if choice is not None:
                    self._vote(plan, pair, choice)
            except ModelError as error:
                failed = error
            finally:  # cancelled, too: what it took is billed
                calls = [note for note in heard if isinstance(note, Usage)] + unbilled(heard)
                if calls:
                    self.journal.write(
                        Entry(
                            id=f"{pair.request.trace}{JUDGE_ID}",
                            began=began,
                            tenant=pair.request.tenant,
                            route=plan.judge,
                            seconds=time.monotonic() - clock,
                            status=0,
                            outcome="finished" if failed is None else "failed",
                            error="" if failed is None else type(failed).__name__,
                            **bill(calls, self.settings),
                        )
                    )

        return comparing

    def _vote(self, plan: Plan, pair: Shadowed, choice: Choice) -> None:
        trace = pair.request.trace
        vote = Vote(f"{trace}{JUDGE_ID}", plan.name, trace, "judge", choice, "control", time.time())
        self._votes.append(vote)

    async def keep_votes(self) -> None:
        """Put what judges have said into the store. StoreDown: it is kept for the next time."""
        if votes := list(self._votes):
            await self.store.add_votes(votes)
            kept = {vote.id for vote in votes}
            self._votes = [vote for vote in self._votes if vote.id not in kept]


def touches_traffic(plan: Plan) -> bool:
    """Votes are given on what the voters ask themselves."""
    return plan.is_running and plan.measure != "votes"


@asynccontextmanager
async def open_experiments(
    routes: dict[str, Route], store: Experiments, journal: Journal, settings: Settings
) -> AsyncGenerator[Experimenting]:
    """Those of a store, read again every two seconds; work behind answers ends with the block."""
    async with Background() as background:
        experimenting = Experimenting(routes, store, journal, settings, background)
        await experimenting.refresh()

        async def refreshing() -> None:
            while True:
                await asyncio.sleep(REFRESH)
                await experimenting.refresh()

        async with beside(refreshing()):
            yield experimenting
    with suppress(StoreDown, TimeoutError):  # the verdicts of the last seconds are not worth more
        async with asyncio.timeout(PATIENCE):
            await experimenting.keep_votes()
