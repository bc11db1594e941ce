"""Runs that were measured here, in the store of this machine, whatever the gateway's is."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homeward.machine.speed.measured import Run


async def runs() -> "tuple[Run, ...]":
    """All of them; nothing is opened where nothing is kept."""
    import msgspec

    from homeward.folder import data_folder
    from homeward.machine.speed.measured import Run
    from homeward.store.opening import FILE, open_store

    if not (data_folder() / FILE).is_file():
        return ()
    from homeward.store.measured import measured_in

    async with open_store() as store:
        rows = await measured_in(store.ledger).all()
    return tuple(msgspec.json.decode(row.run, type=Run) for row in rows)


async def keep(made: "Sequence[Run]") -> None:
    import msgspec

    from homeward.store.measured import Kept, measured_in
    from homeward.store.opening import open_store

    rows = [Kept(run.id, run.device, run.at, msgspec.json.encode(run).decode()) for run in made]
    async with open_store() as store:
        await measured_in(store.ledger).add(rows)
