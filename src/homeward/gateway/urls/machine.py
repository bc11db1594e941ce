"""``GET /homeward/machine``: what this machine is, how it is now, and which models it holds."""

from typing import Any

from msgspec import json, to_builtins
from msgspec.structs import replace

from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.urls.queue import rows_of
from homeward.machine.hardware import Hardware
from homeward.machine.scan.watch import Vitals

COUNTERS = ("cpu_busy", "cpu_whole")
"""Of vitals: what the next look needs."""


async def machine(gateway: Gateway, exchange: Exchange) -> None:
    """Of models those of the caller's routes. What could tell machines apart is for an admin."""
    rows = [row for row in rows_of(gateway, exchange.caller) if row.loaded]
    hardware, vitals = await gateway.machine.hardware(), gateway.machine.vitals
    if not (exchange.caller.key.admin or gateway.keyring.is_open):
        rows = [replace(row, at="") for row in rows]
        hardware, vitals = anonymous(hardware), None if vitals is None else unnamed(vitals)
    body = {
        "object": "machine",
        "hardware": hardware,
        "vitals": None if vitals is None else shown(vitals),
        "models": rows,
    }
    await exchange.reply(200, json.encode(body))


def anonymous(hardware: Hardware) -> Hardware:
    gpus = tuple(replace(gpu, identity="", basis={}) for gpu in hardware.gpus)
    return replace(hardware, gpus=gpus, probes=(), basis={})


def unnamed(vitals: Vitals) -> Vitals:
    return replace(vitals, gpus=tuple(replace(gpu, identity="") for gpu in vitals.gpus))


def shown(vitals: Vitals) -> dict[str, Any]:
    found: dict[str, Any] = to_builtins(vitals)
    return {name: value for name, value in found.items() if name not in COUNTERS}
