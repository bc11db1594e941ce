"""``GET /homeward/queue``: who waits for what, how many are before them, and about how long."""

from collections.abc import Iterator
from typing import Any

from msgspec import json
from msgspec.structs import replace

from homeward.gateway.accounting.keyring import Caller
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.traffic.traffic import Line, Row
from homeward.strategies.queued import Queued
from homeward.tree import children_of


async def queue(gateway: Gateway, exchange: Exchange) -> None:
    """Numbers alone: not who asked, nor what. Where a server is, is for an admin to know."""
    rows = rows_of(gateway, exchange.caller)
    if not (exchange.caller.key.admin or gateway.keyring.is_open):
        rows = [replace(row, at="") for row in rows]
    await exchange.reply(200, json.encode({"object": "list", "data": rows}))


def rows_of(gateway: Gateway, caller: Caller) -> list[Row]:
    """The lines of the routes that the caller may call."""
    mine = {
        id(line.runner)
        for route in gateway.visible(caller).values()
        for line in lines_of(route.model)
    }
    lines = zip(gateway.traffic.lines.values(), gateway.traffic.snapshot(), strict=True)
    return [row for line, row in lines if id(line.runner) in mine]


def lines_of(model: Any) -> Iterator[Line]:
    """The lines in a tree."""
    if isinstance(model, Queued) and isinstance(model.line, Line):
        yield model.line
    for _, child in children_of(model):
        yield from lines_of(child)
