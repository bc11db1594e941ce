"""History: the ledger's requests as rows of an outcome table."""

import hashlib
from collections.abc import AsyncIterable, Sequence

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from homeward.model import Message, Request, Usage
from homeward.outcomes import Given, RecordedAnswer, Row, Where
from homeward.reading import Signal
from homeward.signals.task import Task
from homeward.store.experiments import SHADOW_ID
from homeward.store.records import Contents, Entry, Past, Reply


class Case(Struct, frozen=True):
    """A row, and the whole request that it was: tools, answer format and sampling too."""

    row: Row
    request: Request


class Gathered(Struct, frozen=True):
    """What a history has for learning, and what it has not.

    ``requests`` are all that it has, ``unfinished`` those that failed or were hung up on,
    ``wordless`` those whose contents nobody asked to keep, ``unreadable`` those that another
    version of Homeward kept in another form.
    """

    cases: tuple[Case, ...] = ()
    requests: int = 0
    unfinished: int = 0
    wordless: int = 0
    unreadable: int = 0

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(case.row for case in self.cases)


async def gather(history: AsyncIterable[Past], group: Signal | None = None) -> Gathered:
    """The rows of a history, in its order; `Ledger.history` has one. ``group`` labels them.

    Without ``group`` that is the kind of task. Rows that nobody rated are there too, their scores
    are None: enough to replay, not to learn from. What a shadow answered stands beside what its
    request's user was given.
    """
    group = Task() if group is None else group
    cases: dict[str, Case] = {}
    shadows: dict[str, Row] = {}
    requests = unfinished = wordless = unreadable = 0
    async for past in history:
        is_shadow = past.entry.id.endswith(SHADOW_ID)
        requests += not is_shadow
        if is_shadow and (past.contents is None or past.entry.outcome != "finished"):
            continue
        if past.entry.outcome != "finished":
            unfinished += 1
        elif past.contents is None:
            wordless += 1
        else:
            try:
                request = msgspec.convert(past.contents.request, Request)
            except msgspec.ValidationError:
                unreadable += 1
                continue
            label = (await group(request)).label
            row = row_of(past, past.contents, request, label)
            if is_shadow:
                shadows[row.id.removesuffix(SHADOW_ID)] = row
            else:
                cases[row.id] = Case(row, request)
    for id_, shadow in shadows.items():
        if (case := cases.get(id_)) is not None:
            answers = {**shadow.answers, **case.row.answers}
            cases[id_] = replace(case, row=replace(case.row, answers=answers))
    return Gathered(tuple(cases.values()), requests, unfinished, wordless, unreadable)


def row_of(past: Past, contents: Contents, request: Request, group: str | None = None) -> Row:
    """One request as a row. Its ``messages`` are there where they are more than its prompt."""
    entry = past.entry
    score = None if past.feedback is None else (past.feedback.rating + 1) / 2
    replies = contents.candidates
    if not replies and entry.model and contents.answer:  # kept before each model's words were
        replies = (Reply(entry.model, contents.answer, kept=True),)
    plain = (Message("user", request.prompt),)
    return Row(
        request.prompt,
        id=entry.id,
        group=group,
        answers={
            reply.model: _answer(
                reply,
                entry,
                score if reply.model == entry.model and reply.text == contents.answer else None,
            )
            for reply in replies
        },
        messages=() if request.messages == plain else request.messages,
        conversation=entry.conversation or _conversation(entry, request),
        given=Given(
            entry.route,
            entry.model,
            entry.began,
            score,
            billed(entry.calls),
            place(entry.where),
            place(request.clearance),
        ),
    )


def billed(calls: Sequence[Usage]) -> float | None:
    """What calls cost in US dollars, without electricity; None where a price is not known."""
    costs = [call.cost_usd for call in calls]
    return None if None in costs else float(sum(cost or 0.0 for cost in costs))


def place(where: int) -> Where:
    words: tuple[Where, ...] = ("machine", "network", "world")
    return words[where]


def _answer(reply: Reply, entry: Entry, score: float | None) -> RecordedAnswer:
    """Its cost is the mean of that model's calls: which of several made the answer is not told."""
    calls = [call for call in entry.calls if call.model == reply.model]
    cost = billed(calls)
    return RecordedAnswer(
        score,
        reply.text,
        reply.extracted,
        len(reply.text),
        cost / len(calls) if calls and cost is not None else None,
        where=place(calls[-1].where) if calls else None,
    )


def _conversation(entry: Entry, request: Request) -> str:
    """Turns of one conversation begin with the same words, asked with the same key."""
    first = next((place for place, m in enumerate(request.messages) if m.role == "user"), 0)
    begins = [entry.key, *(message.text for message in request.messages[: first + 1])]
    return hashlib.sha256(msgspec.json.encode(begins)).hexdigest()[:16]
