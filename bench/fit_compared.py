"""How far is ``homeward fit MODEL --json`` from what llama.cpp allocates? On three tables.

    python bench/fit_compared.py FOLDER [--rows]

FOLDER has ``measured_llamacpp_kv_compute.csv`` (what ``llama-fit-params`` prints, in whole MiB),
``measured_llamacpp_quant_sizes.csv`` (``llama-quantize --dry-run``) and ``llmfit_vs_llamacpp.csv``
(names as publishers have them, totals, and llmfit's own). Each row is asked of the command itself,
by the name that the table has. Sizes are asked twice: by name, from the catalogue's shapes; and
from the number of parameters alone, given with ``--arch``. A row that is off by more than 1 % (and
by more than the table's own rounding) is listed, and ends the bench with code 1; the size from
parameters alone may be 6 % off.
"""

import argparse
import contextlib
import csv
import io
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

MIB, GIB = 1 << 20, 1 << 30
EXACT, ROUGH = 0.01, 0.06


class Error(NamedTuple):
    """``off`` is relative; ``rounding`` is what the table's last digit may hide of it."""

    off: float
    rounding: float
    row: str


def asked(model: str, **options: object) -> dict[str, Any]:
    """What the command prints as JSON, with the machine given: the real one makes no difference."""
    from homeward.cli.fit import fit

    machine: dict[str, Any] = {"vram": "24GiB", "ram": "64GiB", "json": True}
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        fit(model, **(machine | options))
    found: dict[str, Any] = json.loads(printed.getvalue())
    return found


def rows(path: Path) -> Iterator[Mapping[str, str]]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file)


def against(computed: float, measured: float, step: float, row: str) -> Error:
    return Error(computed / measured - 1, step / measured, row)


def buffers(path: Path) -> tuple[list[Error], list[Error]]:
    """Of the cache, and of the compute buffer."""
    kept, computed = [], []
    for row in rows(path):
        found = asked(
            row["model"],
            context=row["n_ctx"],
            kv=row["kv_type"],
            parallel=int(row["n_parallel"]),
            ubatch=int(row["n_ubatch"]),
            no_flash_attention=row["flash_attn"] == "off",
        )
        said = " ".join(row[each] for each in ("model", "n_ctx", "kv_type", "flash_attn"))
        said += f", {row['n_parallel']} slots, batch {row['n_ubatch']}"
        kv, compute = float(row["kv_context_MiB"]), float(row["compute_MiB_cpu_backend"])
        kept.append(against(found["kv_bytes"] / MIB, kv, 1, said))
        computed.append(against(found["compute_bytes"] / MIB, compute, 1, said))
    return kept, computed


def sizes(path: Path, folder: Path) -> tuple[list[Error], list[Error], int]:
    """From the catalogue's shapes; from parameters alone; how many of these are in their band."""
    known, guessed, inside = [], [], 0
    for row in rows(path):
        said = f"{row['model']} {row['ftype']}"
        size = float(row["size_MiB"])
        found = asked(row["model"], quant=row["ftype"])
        known.append(against(found["weights_bytes"] / MIB, size, 0.01, said))
        arch = folder / "parameters.json"
        arch.write_text(json.dumps({"parameters": found["parameters"]}))
        found = asked("parameters alone", quant=row["ftype"], arch=arch)
        guessed.append(against(found["weights_bytes"] / MIB, size, 0.01, said))
        band = found["basis"]["weights"]
        inside += band["low"] <= size * MIB <= band["high"]
    return known, guessed, inside


def totals(path: Path) -> tuple[list[Error], list[Error]]:
    """Cache, and weights with cache and compute buffer; by the publishers' names."""
    kept, whole = [], []
    for row in rows(path):
        quant = "MXFP4_MOE" if "gpt-oss" in row["model"] else "Q4_K_M"
        found = asked(row["model"], context=row["ctx"], quant=quant)
        said = f"{row['model']} {row['ctx']}"
        parts = ("weights_bytes", "kv_bytes", "compute_bytes")
        kept.append(against(found["kv_bytes"] / GIB, float(row["true_kv_GiB"]), 0.01, said))
        total = sum(found[part] for part in parts) / GIB
        whole.append(against(total, float(row["true_model+kv+compute_GiB"]), 0.01, said))
    return kept, whole


def told(what: str, errors: list[Error], limit: float | None, *, every: bool) -> bool:
    """Prints them; whether none is beyond the limit."""
    off = [abs(each.off) for each in errors]
    beyond = [each for each in errors if limit and abs(each.off) > max(limit, each.rounding)]
    worst = max(errors, key=lambda each: abs(each.off))
    within = f"{len(errors) - len(beyond)} of {len(errors)} within {limit:.0%}, " if limit else ""
    print(f"{what}: {within}median {median(off):.2%}, worst {worst.off:+.2%} ({worst.row})")
    for each in sorted(errors if every else beyond, key=lambda each: -abs(each.off)):
        print(f"  {each.off:+7.2%}  {each.row}")
    return not beyond


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", action="store_true", help="show each row too")
    given = parser.parse_args()
    folder: Path = given.folder
    with tempfile.TemporaryDirectory() as made:
        os.environ["HOMEWARD_HOME"] = made  # nothing pulled, nothing measured
        cache, compute = buffers(folder / "measured_llamacpp_kv_compute.csv")
        known, guessed, inside = sizes(folder / "measured_llamacpp_quant_sizes.csv", Path(made))
        published, total = totals(folder / "llmfit_vs_llamacpp.csv")
    good = [
        told("cache", cache, EXACT, every=given.rows),
        told("compute buffer", compute, None, every=given.rows),
        told("weights by name", known, EXACT, every=given.rows),
        told("weights from parameters alone", guessed, ROUGH, every=given.rows),
        told("cache by publisher's name", published, EXACT, every=given.rows),
        told("weights, cache and compute buffer", total, EXACT, every=given.rows),
    ]
    print(f"{inside} of {len(guessed)} sizes from parameters alone are within the band said")
    sys.exit(0 if all(good) else 1)


if __name__ == "__main__":
    main()
