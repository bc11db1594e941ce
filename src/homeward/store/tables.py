"""Keys and the ledger over any SQL database: SQLite and PostgreSQL differ in how they are asked."""

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from math import inf, isfinite
from typing import Any, ClassVar, Protocol

import msgspec
from msgspec.structs import astuple

from homeward.model import Clearance, Usage
from homeward.store import schema
from homeward.store.protocols import BUDGETED
from homeward.store.records import Contents, Entry, Feedback, Key, Limit, Past, Reply

COLUMNS = ("requests", "tokens", "usd", "unpriced", "local_share", "first_seconds")
GROUPS = ("key", "tenant", "route", "model", "where", "day")

PAGE = 200
"""Rows of the history that are read at once: with contents, some megabytes."""

MOST = 10**12
"""Tokens: no answer has more, and sums of what an upstream says must not overflow 64 bits."""


class Tables(Protocol):
    """`Keys`, `Ledger` and half of `Amounts` for whatever can `fetch` and `write`.

    ``day`` is SQL for the UTC date of ``began``, as ``2026-11-21``.
    """

    day: ClassVar[str]

    async def fetch(self, sql: str, *values: Any) -> Sequence[Sequence[Any]]:
        """The rows of a select; values stand for its ``?``."""
        ...

    async def write(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Do the statement for each row, all of them or none."""
        ...

    async def keys(self) -> list[Key]:
        return [_key(row) for row in await self.fetch(schema.KEYS)]

    async def put_key(self, key: Key) -> None:
        await self.write(schema.PUT_KEY, [_row(key)])

    async def add(self, entries: Sequence[Entry]) -> None:
        await self.write(schema.ADD_ENTRY, [_entry_row(entry) for entry in entries])

    async def entries(
        self, *, since: float = 0.0, tenant: str | None = None, limit: int = 1000
    ) -> list[Entry]:
        if tenant is None:
            rows = await self.fetch(schema.ENTRIES + schema.LATEST, since, limit)
        else:
            sql = schema.ENTRIES + schema.OF_TENANT + schema.LATEST
            rows = await self.fetch(sql, since, tenant, limit)
        return [_entry(row) for row in rows]

    async def entry(self, request: str) -> Entry | None:
        rows = await self.fetch(schema.ENTRY, request)
        return _entry(rows[0]) if rows else None

    async def history(
        self,
        *,
        since: float = 0.0,
        until: float = inf,
        route: str | None = None,
        tenant: str | None = None,
        limit: int | None = None,
        after: Entry | None = None,
    ) -> AsyncGenerator[Past, None]:
        narrowed = {"route": route, "tenant": tenant}
        named = {name: value for name, value in narrowed.items() if value is not None}
        condition = " and ".join([schema.BETWEEN, *(f"{name} = ?" for name in named)])
        sql = schema.HISTORY_OF.format(condition=condition)
        last = (-inf, "") if after is None else (after.began, after.id)
        left = inf if limit is None else limit
        while left > 0:
            wanted = int(min(left, PAGE))
            rows = await self.fetch(sql, since, until, *last, *named.values(), wanted)
            for row in rows:
                past = _past(row)
                yield past
                last = (past.entry.began, past.entry.id)
            left -= len(rows)
            if len(rows) < wanted:
                return

    async def forget(self, before: float) -> int:
        told = await self.fetch(schema.CONTENTS_BEFORE, before)
        await self.write(schema.FORGET_CONTENTS, [[before]])
        await self.write(schema.FORGET_FEEDBACK, [[before]])
        await self.write(schema.FORGET_ENTRIES, [[min(before, time.time() - BUDGETED)]])
        return int(told[0][0])

    async def totals(self, *, since: float) -> Mapping[str, Mapping[str, float]]:
        rows = await self.fetch(schema.TOTALS, since)
        return {
            key: {"requests": requests, "tokens": tokens, "usd": usd}
            for key, requests, tokens, usd in rows
        }

    async def spending(self, *, since: float, by: str) -> list[Mapping[str, Any]]:
        if by not in GROUPS:
            raise ValueError(f"no report is by {by!r}; say one of {', '.join(GROUPS)}")
        group = self.day if by == "day" else f'"{by}"'
        order = "which" if by == "day" else "usd desc, 3 desc, which"
        sql = schema.SPENDING.format(by=group, order=order, world=int(Clearance.WORLD))
        rows = await self.fetch(sql, since)
        word = _place if by == "where" else str
        return [{by: word(row[0]), **dict(zip(COLUMNS, row[1:], strict=True))} for row in rows]

    async def add_contents(self, contents: Sequence[Contents]) -> None:
        await self.write(schema.ADD_CONTENTS, [_row(item) for item in contents])

    async def add_feedback(self, feedback: Feedback) -> bool:
        if await self.entry(feedback.id) is None:
            return False
        await self.write(schema.PUT_FEEDBACK, [_row(feedback)])
        return True

    async def granted(self, node: str, name: str) -> float:
        rows = await self.fetch(schema.GRANTED, node, name)
        return float(rows[0][0]) if rows else 0.0


def _place(level: int) -> str:
    return Clearance(level).name.lower()


# ---------------------------------------------------------------- records and rows


def _row(record: Key | Entry | Contents | Feedback) -> list[Any]:
    """The values of a record, as any database takes them.

    One that it refused would be told again for ever, and those behind it too.
    """
    return [_value(value) for value in astuple(record)]


def _entry_row(entry: Entry) -> Sequence[Any]:
    """As `_row`; for what needs no cleaning, as nearly all do, in a third of the time."""
    texts = (
        f"{entry.id}{entry.key}{entry.tenant}{entry.route}{entry.model}"
        f"{entry.experiment}{entry.arm}{entry.conversation}"
    )
    tokens = entry.input_tokens, entry.output_tokens, entry.cached_tokens, entry.reasoning_tokens
    seconds = entry.began + entry.seconds + (entry.first_seconds or 0.0) + entry.queued_seconds
    if (
        not texts.isascii()
        or "\0" in texts
        or not 0 <= min(tokens) <= max(tokens) < MOST
        or not isfinite(seconds + (entry.cost_usd or 0.0))
    ):
        return _row(entry)
    *values, calls = astuple(entry)
    values[WHERE] = int(entry.where)
    values.append(_text(msgspec.json.encode(calls).decode()))
    return values


WHERE = Entry.__struct_fields__.index("where")


def _value(value: Any) -> Any:
    kind = type(value)
    if kind is str:
        return value if value.isascii() and "\0" not in value else _text(value)
    if kind is int:
        return value if -MOST < value < MOST else (MOST if value > 0 else -MOST)
    if kind is float:
        return value if isfinite(value) else 0.0
    if value is None or kind is bool:
        return value
    if kind is Clearance:
        return int(value)
    return _text(msgspec.json.encode(value).decode())


def _text(text: str) -> str:
    """Without NUL, which PostgreSQL has no place for, and without halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "\ufffd")


def _key(row: Sequence[Any]) -> Key:
    values = dict(zip(Key.__struct_fields__, row, strict=True))
    values["models"] = msgspec.json.decode(values["models"])
    values["limits"] = msgspec.json.decode(values["limits"], type=tuple[Limit, ...])
    return msgspec.convert(values, Key, strict=False)


_CALLS = msgspec.json.Decoder(tuple[Usage, ...])


def _entry(row: Sequence[Any]) -> Entry:
    values = dict(zip(Entry.__struct_fields__, row, strict=True))
    values["calls"] = _CALLS.decode(values["calls"])
    return msgspec.convert(values, Entry, strict=False)


_REPLIES = msgspec.json.Decoder(tuple[Reply, ...])
_MIDDLE = len(Entry.__struct_fields__)
_END = _MIDDLE + len(Contents.__struct_fields__)


def _past(row: Sequence[Any]) -> Past:
    """Of a row with the columns of all three; those of what is not there are null."""
    contents, feedback = list(row[_MIDDLE:_END]), list(row[_END:])
    return Past(
        _entry(list(row[:_MIDDLE])),
        _contents(contents) if contents[0] is not None else None,
        Feedback(*feedback) if feedback[0] is not None else None,
    )


def _contents(row: Sequence[Any]) -> Contents:
    id_, request, answer, candidates = row
    return Contents(id_, msgspec.json.decode(request), answer, _REPLIES.decode(candidates))
