"""What the user says of the machine, in place of what a scan finds."""

from msgspec import Struct


class Overrides(Struct, frozen=True, kw_only=True):
    """Bytes and bytes a second; None is what was not given.

    ``vram`` stands for one GPU with so much free memory in place of those found, 0 for none.
    ``gpu`` names one of the table (``RTX 4090``), with its memory and bandwidth. ``bandwidth`` is
    that of the GPUs, and of main memory where there is no GPU. ``gpus`` are those of the found
    that count: their numbers in the scan's order, or parts of their names or identities.
    """

    vram: int | None = None
    ram: int | None = None
    bandwidth: float | None = None
    ram_bandwidth: float | None = None
    disk_bandwidth: float | None = None
    gpu: str = ""
    gpus: tuple[str, ...] = ()
