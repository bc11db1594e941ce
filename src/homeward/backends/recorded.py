"""Recorded: plays back what a model once answered, so that routes are measured without weights."""

import difflib
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from homeward import outcomes
from homeward.backends.meter import Meter
from homeward.errors import ModelMissing, Rejected
from homeward.model import (
    CHARACTERS_PER_TOKEN,
    Finish,
    Request,
    Stream,
    Text,
    Usage,
    estimated_tokens,
)
from homeward.outcomes import RecordedAnswer, Row


@dataclass(frozen=True)
class Recorded:
    """Plays ``model``'s answer to the last user message from an outcome table.

    Says it in one piece (does not stream) and ignores tools. Tokens are estimated, the cost is
    the recorded one or the list price. Where a prompt stands in the table more than once, a
    request whose ``trace`` is a row's id gets that row's answer.
    """

    table: str | Path
    model: str

    async def chat(self, request: Request) -> Stream:
        rows = _rows(self.table)
        meter = Meter(self.model)
        async with aclosing(meter.read(self._play(rows, request, meter), request)) as events:
            async for event in events:
                yield event

    async def _play(self, rows: Mapping[str, list[Row]], request: Request, meter: Meter) -> Stream:
        recorded = self._find(rows, request)
        yield Text(recorded.said)
        length = recorded.chars if recorded.chars is not None else len(recorded.said)
        asked, said = estimated_tokens(request), length // CHARACTERS_PER_TOKEN
        cost = recorded.cost_usd
        if cost is None and recorded.usd_per_mtok is not None:
            cost = recorded.usd_per_mtok * (asked + said) / 1e6
        meter.free = False  # what nobody wrote down is not known
        yield Usage("", self.model, asked, said, cost_usd=cost, estimated=True)
        yield Finish()

    def _find(self, rows: Mapping[str, list[Row]], request: Request) -> RecordedAnswer:
        same = rows.get(request.prompt)
        if same is None:
            raise Rejected(
                f"the prompt {_short(request.prompt)} is not in {self.table}; "
                "a recorded model answers only the prompts of its table"
            )
        row = next((row for row in same if row.id == request.trace), same[0])
        answer = row.answers.get(self.model)
        if answer is not None:
            return answer
        models = {name for some in rows.values() for row in some for name in row.answers}
        if self.model in models:
            raise Rejected(f"{self.table} has no answer of {self.model} to row {row.id!r}")
        near = difflib.get_close_matches(self.model, models, n=3, cutoff=0.4)
        known = near or sorted(models)[:3]
        hint = f"; it has {', '.join(known)}" if known else "; it has no recorded answers at all"
        raise ModelMissing(f"{self.table} has no model {self.model!r}{hint}")


def _rows(table: str | Path) -> Mapping[str, list[Row]]:
    """The table by prompt. All leaves over one file share one reading of it."""
    path = Path(table).expanduser().resolve()
    return _read(path, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=8)
def _read(path: Path, changed: int) -> Mapping[str, list[Row]]:
    """``changed`` is part of the key, so that a rewritten file is read anew."""
    rows: dict[str, list[Row]] = {}
    for row in outcomes.read(path):
        rows.setdefault(row.prompt, []).append(row)
    return rows


def _short(prompt: str, limit: int = 40) -> str:
    return repr(prompt if len(prompt) <= limit else prompt[: limit - 3] + "...")
