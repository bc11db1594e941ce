"""The machine itself, for the commands that ask what it can run."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from homeward.machine.hardware import Hardware
    from homeward.machine.scan.overrides import Overrides


def scanned(given: "Overrides | None" = None) -> "Hardware":
    """As it is now, with what the user gave, and the memory's speed if it was ever measured."""
    from homeward.machine.scan.scan import scan

    return scan(overrides=given, kept=ram_file())


def ram_file() -> Path:
    """Where the measured speed of main memory is kept."""
    from homeward.folder import data_folder
    from homeward.machine.scan.ram_bandwidth import FILE

    return data_folder() / FILE


def measure_ram() -> None:
    """Measure it, with a line on a terminal for each number of threads, and keep it."""
    from homeward.machine.scan.ram_bandwidth import keep, measure
    from homeward.machine.scan.scan import scan
    from homeward.machine.sizes import shown_bandwidth

    def tell(threads: int, found: float) -> None:
        if sys.stderr.isatty():
            print(f"{threads} threads copy {shown_bandwidth(found)}", file=sys.stderr)

    here = scan()
    keep(measure(here.cpu, here.ram_total, here.ram_free, here.threads, tell), ram_file())
