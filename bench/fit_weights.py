"""How near are computed sizes of weights to what llama-quantize makes? Needs the measured table.

    python bench/fit_weights.py FOLDER

FOLDER has ``measured_llamacpp_quant_sizes.csv``: model, ftype, size_MiB of ``llama-quantize
--dry-run``, a row for each model and mix. Each row is computed three times: from the model's
shapes; from the number of its parameters, its architecture and its active parameters; from the
number of its parameters alone. The table's files with experts have routers of 16 bits, where
llama.cpp's converter writes 32: from shapes, those rows come out up to 0.4 % larger.
Shown are the median and the worst error of each type, in percent.
"""

import argparse
import csv
from pathlib import Path
from statistics import median

from homeward.errors import ModelMissing
from homeward.machine.catalogue import find
from homeward.machine.shapes import Shapes
from homeward.machine.weights.weigh import weigh

KNOWN = {
    "shapes": "all its shapes",
    "sort": "parameters, architecture, active parameters",
    "number": "the number of parameters alone",
}


def error(shapes: Shapes, mix: str, size: float) -> dict[str, float]:
    """Percent that each estimate is off, by what is known of the model."""
    whole = weigh(shapes, mix)
    number = whole.parameters
    sort = Shapes(
        parameters=number,
        architecture=shapes.architecture,
        active_parameters=whole.active_parameters if shapes.experts else 0,
    )
    found = (whole, weigh(sort, mix), weigh(Shapes(parameters=number), mix))
    return {known: 100 * (each.total / size - 1) for known, each in zip(KNOWN, found, strict=True)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--rows", action="store_true", help="show each row too")
    asked = parser.parse_args()
    errors: dict[str, list[tuple[str, dict[str, float]]]] = {}
    with (asked.folder / "measured_llamacpp_quant_sizes.csv").open() as file:
        for row in csv.DictReader(file):
            try:
                shapes = find(row["model"]).shapes
            except ModelMissing as missing:
                print(f"{missing}, not compared")
                continue
            found = error(shapes, row["ftype"], float(row["size_MiB"]) * 2**20)
            errors.setdefault(row["ftype"], []).append((row["model"], found))
    for known, said in KNOWN.items():
        print(f"\nFrom {said}: median and worst error in percent")
        every = []
        for mix, rows in errors.items():
            off = [(abs(each[known]), model) for model, each in rows]
            every += [(error, model, mix) for error, model in off]
            print(f"{mix:10} {median(e for e, _ in off):8.3f} {max(off)[0]:8.3f}  {max(off)[1]}")
            for model, each in rows if asked.rows else ():
                print(f"{'':10} {each[known]:+8.3f}  {model}")
        worst, model, mix = max(every)
        print(f"{'all':10} {median(e for e, _, _ in every):8.3f} {worst:8.3f}  {model} {mix}")
        within = sum(error <= 6 for error, _, _ in every)
        print(f"{within} of {len(every)} rows within 6 %")


if __name__ == "__main__":
    main()
