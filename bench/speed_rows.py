"""Published runs of models on machines, cleaned, as cases that ``bench/speed.py`` can check.

Rules, in order; each row that one of them leaves out is counted under its name:

* ``no speed of an answer``: sizes, caches, prompts of which no speed is told.
* ``no machine``: the source does not say what it ran on.
* ``runtime``: llama.cpp and Ollama only, without Ollama's MLX runner: we estimate no other.
* ``out of memory``: machines of a table whose heading says so, where models spilled.
* ``several machines``: clusters.
* ``weak host``: a GPU on one lane of a Raspberry Pi, or beside another ARM or RISC-V processor: it
  is the host that is measured. An RTX A4000 said 91 tokens a second beside an Ampere Altra, and 149
  beside a desktop's processor.
* ``device``: not in the table of GPUs, nor of the few CPUs below (one without AVX is not).
* ``model``: not in the catalogue.
* ``quantisation``: not told, of a runtime that has no usual one.
* ``does not fit``: it would be split between two memories, and how is not told.
* ``impossible``: more bytes a second than the device has: not what it says that it is.
* ``unsteady``: the same run, told several times, differs by more than a factor of 1.5.

What is left is one case for each machine, model, quantisation, depth and test: the median.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import NamedTuple

from homeward.errors import HomewardError
from homeward.machine.catalogue import find, parse
from homeward.machine.estimate import Memory, Placement, Use
from homeward.machine.gpus import lookup
from homeward.machine.hardware import Gpu, Hardware
from homeward.machine.memory.memory import memory
from homeward.machine.memory.placing import place
from homeward.machine.shapes import Shapes
from homeward.machine.weights.quants import named
from homeward.machine.weights.weigh import weigh

GB = 1e9
GIB = 1 << 30

CPUS = {
    "AmpereOne A192-32X": (332.8, 192),  # 8 channels of DDR5-5200, Ampere's data sheet
    "Pi 5 ": (17.1, 4),  # 32 bits of LPDDR4X-4267, raspberrypi.com
    "Pi 500+": (17.1, 4),
    "Minisforum MS-R1": (88.0, 12),  # 128 bits of LPDDR5-5500, Cix P1
    "Radxa Orion O6": (88.0, 12),
}
"""Bandwidth of main memory as published (GB/s), and cores, of hosts that ran on their CPU."""

SHARED = {"130V/140V": 136.5, "Radeon 840M / 860M": 128.0, "Iris Xe": 83.2}
"""Of integrated GPUs, by part of their name: LPDDR5X-8533, -8000 and LPDDR5-5200 on 128 bits."""

WEAK = re.compile(
    r"^(Pi|Radxa|HiFive|Raspberry|Minisforum MS-R1|System76 Thelio Astra)", re.IGNORECASE
)
USUAL = {"gpt-oss-20b": "MXFP4_MOE", "gpt-oss-120b": "MXFP4_MOE"}
LABELS = {
    "gpt-oss 20B": "gpt-oss-20b",
    "gpt-oss 120B": "gpt-oss-120b",
    "qwen3moe 30B.A3B": "Qwen3-30B-A3B",
    "qwen2 7B": "Qwen2.5-7B",
    "deepseek2 30B.A3B": "GLM-4.7-Flash",
    "nemotron 120B.A12B": "Nemotron-3-Super-120B-A12B",
    "DeepSeek R1 671b": "deepseek-r1:671b",
    "DeepSeek R1 14b": "deepseek-r1:14b",
}
"""What llama-bench and a table of geerlingguy's call models, by the names of the catalogue."""


class Case(NamedTuple):
    machine: str
    source: str
    model: str
    quant: str
    depth: int
    shapes: Shapes
    memory: Memory
    use: Use
    placement: Placement
    hardware: Hardware
    decode: float  # tokens a second, as published; 0 where not told
    prefill: float


def cases(folder: Path) -> tuple[list[Case], Counter[str]]:
    """From ``ground_truth.csv``; and how many rows each rule left out."""
    left: Counter[str] = Counter()
    found: defaultdict[tuple[str, ...], list[Case]] = defaultdict(list)
    with (folder / "ground_truth.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            made = _case(row)
            if isinstance(made, str):
                left[made] += 1
            else:
                test = "prompt" if made.prefill else "answer"
                found[(made.machine, made.model, made.quant, str(made.depth), test)].append(made)
    return list(_told_once(found, left)), left


def _told_once(
    found: "defaultdict[tuple[str, ...], list[Case]]", left: Counter[str]
) -> Iterator[Case]:
    for same in found.values():
        values = [each.decode or each.prefill for each in same]
        if max(values) > 1.5 * min(values):
            left["unsteady"] += len(same)
            continue
        left["told again"] += len(same) - 1
        mid, first = median(values), same[0]
        yield first._replace(decode=mid) if first.decode else first._replace(prefill=mid)


def _case(row: dict[str, str]) -> Case | str:
    test, told = row["test"], row["tok_s"]
    prompt, answer = test.startswith("pp"), re.match(r"tg|bench|eval rate", test)
    if not told or not (prompt or answer):
        return "no speed of an answer"
    where = row["hardware"]
    if not where or "not stated" in test:
        return "no machine"
    runtime = f"{row['runtime']} {row['model']}".lower()
    if not re.match(r"llama\.?cpp|ollama", runtime) or re.search(r"mlx|nvfp4|mxfp8", runtime):
        return "runtime"
    if "[OOM]" in where:
        return "out of memory"
    if "Cluster" in where:
        return "several machines"
    on_cpu = row["backend"] == "CPU"
    if WEAK.search(where) and not on_cpu:
        return "weak host"
    hardware = _on_cpu(where) if on_cpu else _on_gpus(where, float(row["vram_gb"] or 0))
    if hardware is None:
        return "device"
    name = LABELS.get(row["model"], row["model"])
    try:
        entry = find(name)
    except HomewardError:
        return "model"
    quant = row["quant"] if row["quant"] != "Ollama default tag" else ""
    quant = quant.replace(" ", "_") or parse(name).quant or ""
    if not quant and "ollama" in runtime:
        quant = USUAL.get(entry.name, "Q4_K_M")
    try:
        quant = named(quant)
    except HomewardError:
        return "quantisation"
    depth = int(row["context_or_depth"] or 0)
    length = re.match(r"(?:tg|pp)(\d+)", test)
    depth += int(length[1]) // 2 if length else 200  # half of what was said; usual answers
    use = Use(context=max(4096, depth + 2048))
    weights = weigh(entry.shapes, quant)
    vendor = hardware.gpus[0].vendor if hardware.gpus else None
    needed = memory(entry.shapes, weights, use, vendor=vendor)
    _, placement = place(needed, hardware)
    if placement.where != ("ram" if on_cpu else "gpu"):
        return "does not fit"
    speed = float(told)
    bandwidth = hardware.gpus[0].bandwidth if hardware.gpus else hardware.ram_bandwidth
    if answer and speed * weights.active > 1.1 * bandwidth:
        return "impossible"
    return Case(
        machine=where,
        source=row["source"].split()[0],
        model=entry.name,
        quant=quant,
        depth=depth,
        shapes=entry.shapes,
        memory=needed,
        use=use,
        placement=placement,
        hardware=hardware,
        decode=0.0 if prompt else speed,
        prefill=speed if prompt else 0.0,
    )


def _machine(gpus: tuple[Gpu, ...], ram_bandwidth: float = 60 * GB, cores: int = 8) -> Hardware:
    ram = 1024 * GIB
    return Hardware(
        system="linux",
        cpu="of the source",
        cores=cores,
        threads=cores,
        ram_total=ram,
        ram_free=ram,
        ram_bandwidth=ram_bandwidth,
        gpus=gpus,
    )


def _on_cpu(where: str) -> Hardware | None:
    for name, (bandwidth, cores) in CPUS.items():
        if where.startswith(name):
            return _machine((), bandwidth * GB, cores)
    return None


def _on_gpus(where: str, told: float) -> Hardware | None:
    text, _, many = where.partition(" * ")
    text, _, twice = text.partition(" x")
    inside = re.search(r"\(((?:Nvidia|AMD|Intel|M\d)[^)]*)\)", text)
    text = inside[1] if inside and "Spark" not in inside[1] else re.sub(r"\(.*?\)", "", text)
    text = re.sub(r"\d+-Core GPU|\[.*?\]", "", text).strip()
    if "395+" in where or where.startswith("Framework Mainboard"):
        text = "Radeon 8060S"
    if "GB10" in where:
        text = "GB10"
    size = re.search(r"(\d+) ?GB", text)
    with_memory = int(size[1]) * GIB if size else round(told * GIB) or None
    row = lookup(text, with_memory) or lookup(f"Apple {text}", with_memory)
    if row is None:
        return None
    count = int(many or twice or 1)
    memory = max(row.memory, default=64 * GIB)
    if size and int(size[1]) * GIB in row.memory:
        memory = int(size[1]) * GIB
    if told > 1 and not row.integrated:
        memory = round(told * GIB)
    bandwidth = row.bandwidth
    for part, shared in SHARED.items():
        bandwidth = shared * GB if part in where else bandwidth
    if not bandwidth:
        return None
    gpu = Gpu(
        name=row.name,
        vendor=row.vendor,
        total=memory,
        free=memory,
        bandwidth=bandwidth,
        flops=row.flops,
        unified=row.unified,
        integrated=row.integrated,
    )
    return _machine((gpu,) * count)
