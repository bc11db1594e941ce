"""Playback: what a leaf once said in answer to a row, in the place of asking it again."""

from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from random import getrandbits

from msgspec.structs import replace

from homeward.embedding import Embedder, Embeddings, Texts
from homeward.errors import Forbidden, OverBudget, Rejected
from homeward.model import (
    CHARACTERS_PER_TOKEN,
    Call,
    Clearance,
    Event,
    Finish,
    Model,
    Request,
    Stream,
    Text,
    Usage,
    estimated_tokens,
)
from homeward.outcomes import RecordedAnswer, Row

LONGEST = 4096  # tokens, for the worst case of a request that sets no limit


@dataclass(frozen=True)
class Miss:
    """A call that no record answers. ``leaf`` is who would have been asked what."""

    leaf: "Playback"
    why: str
    request: Request


@dataclass(eq=False)
class Tape:
    """The rows to play back by id, what each of them asked, and what came of it.

    With ``asks`` a call that was never recorded is made after all, as long as its worst case fits
    into what is left of ``usd``. ``misses`` and ``unplaced`` (rows of which it is not known how
    far they went) are by row.
    """

    rows: Mapping[str, Row]
    questions: Mapping[str, Request]
    asks: bool = False
    usd: float = 0.0
    asked: int = 0
    spent_usd: float = 0.0
    misses: dict[str, list[Miss]] = field(default_factory=dict[str, list[Miss]])
    unplaced: set[str] = field(default_factory=set[str])
    _played: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])

    def find(self, leaf: "Playback", request: Request) -> tuple[str, RecordedAnswer] | str:
        """What the leaf said to this request under which name, or why that is not known."""
        row, asked = self.rows.get(request.trace), self.questions.get(request.trace)
        if row is None or asked is None or request.messages != asked.messages:
            return "would be asked what nobody asked it then"
        names = (leaf.name, leaf.label)
        name = next((each for each in names if each in row.answers), None)
        if name is None or not row.answers[name].said:
            return "did not answer then"
        if request.sampling.logprobs is not None and asked.sampling.logprobs is None:
            return "would be asked for token probabilities, which are not kept"
        if (row.id, leaf.name) in self._played:
            return "would be asked more than once"  # its one answer agrees with itself
        self._played.add((row.id, leaf.name))
        if row.answers[name].where is None:
            self.unplaced.add(row.id)
        return name, row.answers[name]

    def miss(self, leaf: "Playback", why: str, request: Request) -> None:
        self.misses.setdefault(request.trace, []).append(Miss(leaf, why, request))


@dataclass(frozen=True)
class Playback:
    """Says what ``model`` said to the same row, in one piece; asks it only if the tape `asks`.

    ``name`` is the model's in bills, ``label`` the one in the configuration. A call without a
    record is noted on the tape, and Rejected: whatever a parent makes of that, the row is not
    what the route would have answered.
    """

    model: Model
    name: str
    label: str
    tape: Tape = field(repr=False, compare=False)

    async def chat(self, request: Request) -> Stream:
        found = self.tape.find(self, request)
        if not isinstance(found, str):
            events = _play(*found, request)
        elif self.tape.asks:
            events = self._ask(request)
        else:
            raise self._missed(found, request)
        async with aclosing(events) as source:
            async for event in source:
                yield event

    async def _ask(self, request: Request) -> Stream:
        tape = self.tape
        reserved: dict[str, float] = {}
        tape.asked += 1
        try:
            left = request.with_(budget_usd=max(0.0, tape.usd))
            async with aclosing(self.model.chat(left)) as events:
                async for event in events:
                    if isinstance(event, Call):  # nothing is sent before it is asked to go on
                        worst = _worst(event, request)
                        if worst > tape.usd:
                            raise OverBudget("what is left of --budget does not pay for it")
                        tape.usd -= worst
                        reserved[event.id] = worst
                    elif isinstance(event, Usage):
                        cost = event.cost_usd or 0.0
                        tape.usd += reserved.pop(event.call, 0.0) - cost
                        tape.spent_usd += cost
                    yield event
        except OverBudget as error:
            tape.miss(self, "costs more than is left of the budget, or it is not known", request)
            raise Rejected(str(error)) from None

    def _missed(self, why: str, request: Request) -> Rejected:
        self.tape.miss(self, why, request)
        return Rejected(f"{self.label or self.name} {why}: --ask asks it now")


class _Embeds(Playback):
    async def embed(self, request: Texts, heard: list[Event] | None = None) -> Embeddings:
        embedder = self.model
        assert isinstance(embedder, Embedder)  # noqa: S101  `playback` has seen to it
        if not self.tape.asks:
            asked = Request((), trace=request.trace)
            raise self._missed("would be asked for embeddings, which are not kept", asked)
        tape = self.tape
        tape.asked += 1
        left = replace(request, budget_usd=max(0.0, tape.usd))
        embedded = await embedder.embed(left, heard)
        tape.usd -= embedded.usage.cost_usd or 0.0
        tape.spent_usd += embedded.usage.cost_usd or 0.0
        return embedded


_Embeds.__name__ = _Embeds.__qualname__ = Playback.__name__  # what plans and reprs call it


def playback(model: Model, name: str, label: str, tape: Tape) -> Playback:
    """A leaf played back, with its embeddings if it has some."""
    kind = _Embeds if isinstance(model, Embedder) else Playback
    return kind(model, name, label, tape)


async def _play(name: str, answer: RecordedAnswer, request: Request) -> Stream:
    """With the recorded bill, or what the list price makes of its length."""
    where = Clearance.MACHINE if answer.where is None else Clearance.parse(answer.where)
    if where > request.clearance:
        raise Forbidden(f"{name} is farther away than this request may travel")
    length = answer.chars if answer.chars is not None else len(answer.said)
    asked, said = estimated_tokens(request), length // CHARACTERS_PER_TOKEN
    cost = answer.cost_usd
    if cost is None and answer.usd_per_mtok is not None:
        cost = answer.usd_per_mtok * (asked + said) / 1e6
    call = f"{getrandbits(32):08x}"
    yield Call(call, name, where, asked)
    yield Text(answer.said)
    yield Usage(call, name, asked, said, cost_usd=cost, where=where, estimated=True)
    yield Finish(model=name)


def _worst(call: Call, request: Request) -> float:
    """Without a price a leaf is asked only if it is known to be free: its own meter sees to it."""
    if call.usd is None:
        return 0.0
    fixed, per_token = call.usd
    return fixed + per_token * (request.sampling.max_tokens or LONGEST)
