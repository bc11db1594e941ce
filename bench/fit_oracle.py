"""How far our memory is from llama.cpp's own: ``python bench/fit_oracle.py BIN FILE.gguf ...``.

BIN is a folder with `llama-quantize` and `llama-fit-params`. Nothing is loaded: files without
weights will do, as long as their headers have the shapes. Prints the rows that are further off than
their limit (half a per cent of the weights, a MiB of the cache), and the medians.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from homeward.backends.gguf_content import read_file
from homeward.machine.estimate import Use
from homeward.machine.formats.gguf_shapes import shapes_of
from homeward.machine.memory.memory import memory
from homeward.machine.shapes import Shapes
from homeward.machine.weights.weigh import weigh

MIB = 2**20
QUANTS = (
    *("Q2_K", "Q3_K_S", "Q3_K_M", "Q3_K_L", "Q4_0", "Q4_1", "Q4_K_S", "Q4_K_M", "Q5_0", "Q5_1"),
    *("Q5_K_S", "Q5_K_M", "Q6_K", "Q8_0", "IQ1_S", "IQ1_M", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M"),
    *("IQ3_XXS", "IQ3_XS", "IQ3_S", "IQ3_M", "IQ4_XS", "IQ4_NL", "TQ1_0", "TQ2_0", "MXFP4_MOE"),
    *("F16", "BF16"),
)
USES = (
    Use(context=1024, ubatch=128),
    Use(context=5000),
    Use(context=8192),
    Use(context=8192, kv="bf16"),
    Use(context=8192, kv="q5_1"),
    Use(context=8192, ubatch=2048),
    Use(context=8192, parallel=4),
    Use(context=8192, flash_attention=False),
    Use(context=16384, kv="q8_0"),
    Use(context=32768, kv="q8_0", parallel=2),
    Use(context=32768, ubatch=1024, parallel=8),
    Use(context=32768, kv="q4_0"),
    Use(context=131072),
    Use(context=131072, kv="q8_0"),
)


class Row(NamedTuple):
    """``true`` and ``ours`` are in MiB."""

    what: str
    true: float
    ours: float

    @property
    def error(self) -> float:
        return abs(self.ours / self.true - 1)


def said(tool: Path, *arguments: str) -> str:
    done = subprocess.run([tool, *arguments], capture_output=True, text=True, check=False)
    return done.stdout + done.stderr


def weights(tools: Path, file: Path, shapes: Shapes) -> Iterator[Row]:
    quantize = tools / "llama-quantize"
    for quant in QUANTS:
        text = said(quantize, "--dry-run", "--allow-requantize", str(file), "none.gguf", quant)
        if found := re.search(r"quant size\s*=\s*([\d.]+) MiB", text):
            yield Row(f"{file.stem} {quant}", float(found[1]), weigh(shapes, quant).total / MIB)


def runs(tools: Path, file: Path, shapes: Shapes) -> Iterator[tuple[Row, Row]]:
    """Cache, and compute buffer."""
    for use in USES:
        text = said(
            tools / "llama-fit-params",
            *("--fit-print", "on", "-m", str(file), "-c", str(use.context)),
            *("-ctk", use.kv, "-ctv", use.kv, "-b", "2048", "-ub", str(use.ubatch)),
            *("-np", str(use.parallel), "-fa", "auto" if use.flash_attention else "off"),
        )
        if found := re.search(r"^Host \d+ (\d+) (\d+)", text, re.MULTILINE):
            ours = memory(shapes, weigh(shapes, "Q4_K_M"), use)
            what = f"{file.stem} {use.context} {use.kv} x{use.parallel} ub {use.ubatch}"
            yield (
                Row(f"{what} cache", float(found[1]), ours.kv / MIB),
                Row(f"{what} compute", float(found[2]), ours.compute / MIB),
            )


def main() -> None:
    tools, *files = map(Path, sys.argv[1:])
    sizes, caches, buffers = list[Row](), list[Row](), list[Row]()
    for file in files:
        content = read_file(file)
        shapes = shapes_of(content.metadata, content.rows)
        sizes += weights(tools, file, shapes)
        for cache, buffer in runs(tools, file, shapes):
            caches.append(cache)
            buffers.append(buffer)
    off = [row for row in sizes if row.error > 0.005]
    off += [row for row in caches if abs(row.true - row.ours) > 1]
    for row in off:
        print(f"{row.what:50} {row.true:10.1f} {row.ours:10.1f} {row.ours / row.true - 1:+.2%}")
    for name, found in (("weights", sizes), ("cache", caches), ("compute buffer", buffers)):
        if found:
            middle = median(row.error for row in found)
            worst = max(found, key=lambda row: row.error)
            print(f"{name}: {len(found)} rows, median {middle:.3%}")
            print(f"  worst {worst.error:.2%}, {worst.what}")
    sys.exit(bool(off))


if __name__ == "__main__":
    main()
