"""A small history, as a table, as a configuration and in a ledger."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import msgspec

from homeward.model import Clearance, Request, Usage
from homeward.store.records import Contents, Entry, Feedback, Reply
from homeward.store.sqlite import Sqlite

MODELS = """
models:
  small: {scripted: {says: "small, live", model: small}}
  large: {scripted: {says: "large, live", model: large}}
  other: {scripted: {says: "other, live", model: other}}
  auto: {router: {by: {rules: {hard: [prove]}}, hard: large, else: small}}
  always: {fallback: [large, small]}
  new: {fallback: [other, small]}
"""
COUNT = 40


def config(folder: Path) -> Path:
    path = folder / "homeward.yaml"
    path.write_text(MODELS)
    return path


def row(number: int) -> dict[str, Any]:
    return {
        "id": f"r{number}",
        "prompt": f"prove {number}" if number % 2 else f"hello {number}",
        "answers": {
            "small": {"score": number % 4 / 4, "text": "s", "cost_usd": 0.0, "where": "machine"},
            "large": {"score": 1.0, "text": "l", "cost_usd": 0.5, "where": "world"},
        },
        "given": {
            "route": "auto",
            "model": "small",
            "score": number % 4 / 4,
            "cost_usd": 0.0,
            "where": "machine",
            "clearance": "world",
        },
    }


def table(folder: Path, count: int = COUNT) -> Path:
    path = folder / "t.jsonl"
    path.write_text("".join(json.dumps(row(number)) + "\n" for number in range(count)))
    return path


def ledger(folder: Path, count: int = COUNT, began: float | None = None) -> None:
    """As many requests, of which the last was not kept; each other one is rated."""
    start = time.time() - 600 if began is None else began
    asyncio.run(_write(folder / "homeward.db", count, start))


async def _write(path: Path, count: int, began: float) -> None:
    entries = [_entry(number, began + number) for number in range(count)]
    contents = [_contents(number) for number in range(count - 1)]
    async with Sqlite(path) as store:
        await store.add(entries)
        await store.add_contents(contents)
        for number in range(0, count - 1, 2):
            await store.add_feedback(Feedback(f"e{number}", 1.0 if number % 4 else -1.0))


def _entry(number: int, began: float) -> Entry:
    calls = (Usage("c", "small", cost_usd=0.0),)
    return Entry(f"e{number}", began, route="auto", model="small", cost_usd=0.0, calls=calls)


def _contents(number: int) -> Contents:
    request = Request.of(f"hello {number}", clearance=Clearance.WORLD)
    replies = (Reply("small", "s", kept=True), Reply("large", "l"))
    return Contents(f"e{number}", msgspec.to_builtins(request), "s", replies)
