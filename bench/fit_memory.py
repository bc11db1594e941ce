"""How near the computed memory comes to what llama.cpp allocates.

    python bench/fit_memory.py FOLDER

FOLDER has ``measured_llamacpp_kv_compute.csv``: a row for each model, context, cache type, batch
and number of slots, with the MiB that ``llama-fit-params`` prints. Shapes are the catalogue's. With
``llmfit_vs_llamacpp.csv`` beside it, verdicts on cards of 16 and 24 GiB are compared too.
"""

import csv
import statistics
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from homeward.machine.catalogue import find
from homeward.machine.estimate import Use
from homeward.machine.hardware import Gpu, Hardware
from homeward.machine.memory.cache import cache
from homeward.machine.memory.memory import compute, memory
from homeward.machine.memory.placing import place
from homeward.machine.sizes import GIB, MIB
from homeward.machine.weights.weigh import weigh

RENAMED = {"DeepSeek-V3-671B": "DeepSeek-V3", "Qwen3.5-9B_text": "Qwen3.5-9B"}


def rows(path: Path) -> Iterator[Mapping[str, str]]:
    with path.open(newline="") as file:
        yield from csv.DictReader(file)


def buffers(folder: Path) -> None:
    cached: list[float] = []
    near: list[float] = []
    far: list[tuple[float, str]] = []
    within = 0
    for row in rows(folder / "measured_llamacpp_kv_compute.csv"):
        shapes = find(RENAMED.get(row["model"], row["model"])).shapes
        use = Use(
            context=int(row["n_ctx"]),
            kv=row["kv_type"],
            parallel=int(row["n_parallel"]),
            ubatch=int(row["n_ubatch"]),
            flash_attention=row["flash_attn"] != "off",
        )
        measured = float(row["kv_context_MiB"])
        computed = sum(cache(shapes, use)) / MIB
        within += abs(computed - measured) <= 1
        cached.append(abs(computed / measured - 1))
        error = compute(shapes, use) / MIB / float(row["compute_MiB_cpu_backend"]) - 1
        near.append(abs(error))
        far.append((error, f"{row['model']} {use.context} {use.kv} ubatch {use.ubatch}"))
    print(
        f"cache: {within} of {len(cached)} within 1 MiB, "
        f"{sum(error <= 0.01 for error in cached)} within 1 %, worst {max(cached):.2%}"
    )
    print(
        f"compute buffer: {sum(error <= 0.05 for error in near)} of {len(near)} within 5 %, "
        f"median {statistics.median(near):.2%}"
    )
    for error, what in sorted(far, key=lambda each: -abs(each[0]))[:3]:
        print(f"  {error:+.1%}  {what}")


def verdicts(path: Path) -> None:
    """Whether it fits on a card is decided by llama.cpp's total there, with a driver's context."""
    same = flips = 0
    for row in rows(path):
        shapes = find(row["model"]).shapes
        quant = "MXFP4_MOE" if "gpt-oss" in row["model"] else "Q4_K_M"
        use = Use(context=int(row["ctx"]))
        needed = memory(shapes, weigh(shapes, quant), use, vendor="nvidia")
        total = float(row["true_model+kv+compute_GiB"]) * GIB + needed.overhead
        kept = 0 if needed.weights.tied else needed.weights.embedding  # in main memory
        for card in (16, 24):
            gpu = Gpu(name="a card", vendor="nvidia", total=card * GIB, free=card * GIB)
            hardware = Hardware(
                system="linux", cpu="", cores=8, threads=8, ram_total=64 * GIB,
                ram_free=64 * GIB, gpus=(gpu,),
            )  # fmt: skip
            ours, true = place(needed, hardware)[0].gpu, total - kept <= card * GIB
            same += ours == true
            flips += ours != true
            if ours != true:
                print(f"  {row['model']} at {row['ctx']} on {card} GiB: we say {ours}")
    print(f"verdicts on cards of 16 and 24 GiB: {same} as llama.cpp's sizes have it, {flips} not")


def main() -> None:
    folder = Path(sys.argv[1])
    buffers(folder)
    if (totals := folder / "llmfit_vs_llamacpp.csv").exists():
        verdicts(totals)


if __name__ == "__main__":
    main()
