"""What was decided, told with the answer: ``x-homeward-*`` headers and the ``homeward`` block."""

from collections.abc import Iterable
from typing import Any

from msgspec import json, to_builtins

from homeward.gateway.answers.job import Job
from homeward.model import Call, Candidate, Clearance, Decision, Event
from homeward.store.records import Entry

LONGEST = 200  # characters of a reason in a header
MARKS = (
    "x-homeward-id",
    "x-homeward-route",
    "x-homeward-model",
    "x-homeward-where",
    "x-homeward-decision",
    "x-homeward-cost-usd",
    "x-homeward-estimated",
)
"""Every such header that there may be."""


def marks(job: Job) -> list[tuple[bytes, bytes]]:
    """Headers with what is known when the answer begins."""
    asked = [note for note in job.notes if isinstance(note, Call)]
    pairs = {"x-homeward-id": job.exchange.id, "x-homeward-route": job.route.name}
    if job.finish is not None and job.finish.model:
        pairs["x-homeward-model"] = job.finish.model
    elif asked:
        pairs["x-homeward-model"] = asked[-1].model
    where = max((call.where for call in asked), default=Clearance.MACHINE)
    pairs["x-homeward-where"] = where.name.lower()
    if decisions := [note for note in job.notes if isinstance(note, Decision)]:
        why = "; ".join(f"{each.by}: {each.chose} ({each.because})" for each in decisions)
        pairs["x-homeward-decision"] = why
    if job.entry is not None and job.entry.cost_usd is not None:
        pairs["x-homeward-cost-usd"] = f"{job.entry.cost_usd:.6f}"
    return [(name.encode(), plain(value)) for name, value in pairs.items()]


def plain(text: str) -> bytes:
    """As a header can carry it: printable ASCII, cut."""
    text = text[:LONGEST]
    if not (text.isascii() and text.isprintable()):
        text = "".join(c if " " <= c <= "~" else "?" for c in text)
    return text.encode()


def block(job: Job) -> bytes:
    """As `described`, in JSON. The job is settled."""
    entry = job.settle()
    return json.encode(described(entry, job.notes))


def described(entry: Entry, notes: Iterable[Event]) -> dict[str, Any]:
    """The entry's fields, its calls among them, and each decision and candidate in its order."""
    heard = list(notes)
    calls = [to_builtins(call) | {"where": _word(call.where)} for call in entry.calls]
    return {
        **to_builtins(entry),
        "where": _word(entry.where),
        "cost_usd": entry.cost_usd,
        "decisions": [note for note in heard if isinstance(note, Decision)],
        "calls": calls,
        "candidates": [note for note in heard if isinstance(note, Candidate)],
    }


def _word(where: Clearance) -> str:
    return where.name.lower()
