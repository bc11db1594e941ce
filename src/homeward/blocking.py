"""The blocking door, for scripts and the prompt: everything else here is asynchronous."""

import asyncio
from pathlib import Path
from typing import Any

from homeward.errors import ConfigError
from homeward.house import open_house
from homeward.interrupt import run
from homeward.model import Answer, Clearance, Request, Sampling, collect


def ask(
    prompt: str,
    *,
    route: str | None = None,
    config: str | Path | None = None,
    clearance: Clearance | str | None = None,
    **sampling: Any,
) -> Answer:
    """Ask one question and wait for the whole answer; ``str()`` of it is its text.

    ``route`` is a model's or a route's name, by default the configuration's own. ``clearance``
    (``machine``, ``network`` or ``world``) says how far the question may travel, by default as
    far as the configuration says. ``sampling`` takes the fields of `Sampling`.

    Raises `ModelError` when no model could answer, `ConfigError` for a wrong file, and `ValueError`
    for a word that is no clearance.
    """
    _refuse_inside_a_loop()

    async def answer() -> Answer:
        async with open_house(config) as house:
            reach = house.clearance if clearance is None else Clearance.parse(clearance)
            request = Request.of(prompt, clearance=reach, sampling=Sampling(**sampling))
            return await collect(house[route or house.default].chat(request))

    return run(answer())


def _refuse_inside_a_loop() -> None:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return
    raise ConfigError(
        "homeward.ask() blocks, and an event loop is running here: "
        "use `async with homeward.open_house() as house` and `house['auto'].chat(request)`"
    )
