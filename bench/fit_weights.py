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

from msgspec.structs import replace

from homeward.machine.shapes import Recurrent, Shapes
from homeward.machine.weights.weigh import weigh

LLAMA = Shapes(architecture="llama", vocab=128256, kv_heads=8, head_dim=128)
GEMMA = Shapes(architecture="gemma3", vocab=262144, tied=True, window=1024)
DEEPSEEK = Shapes(architecture="deepseek2", kv_lora_rank=512, rope_dim=64, nope_dim=128)

MODELS = {
    "Llama-3.1-8B": replace(LLAMA, layers=32, hidden=4096, heads=32, ffn=14336),
    "Llama-3.2-3B": replace(LLAMA, layers=28, hidden=3072, heads=24, ffn=8192, tied=True),
    "Llama-3.3-70B": replace(LLAMA, layers=80, hidden=8192, heads=64, ffn=28672),
    "Qwen2.5-7B": Shapes(
        architecture="qwen2",
        layers=28,
        hidden=3584,
        vocab=152064,
        heads=28,
        kv_heads=4,
        head_dim=128,
        ffn=18944,
    ),
    "Qwen3-8B": Shapes(
        architecture="qwen3",
        layers=36,
        hidden=4096,
        vocab=151936,
        heads=32,
        kv_heads=8,
        head_dim=128,
        ffn=12288,
    ),
    "Qwen3-30B-A3B": Shapes(
        architecture="qwen3moe",
        layers=48,
        hidden=2048,
        vocab=151936,
        heads=32,
        kv_heads=4,
        head_dim=128,
        experts=128,
        experts_used=8,
        expert_ffn=768,
    ),
    "Qwen3.5-9B(text)": Shapes(
        architecture="qwen35",
        layers=32,
        hidden=4096,
        vocab=248320,
        pattern="RRRF",
        heads=16,
        kv_heads=4,
        head_dim=256,
        ffn=12288,
        recurrent=Recurrent(conv=4, inner=4096, state=128, groups=16, heads=32),
    ),
    "Gemma-3-4B": replace(
        GEMMA, layers=34, hidden=2560, heads=8, kv_heads=4, head_dim=256, ffn=10240
    ),
    "Gemma-3-12B": replace(
        GEMMA, layers=48, hidden=3840, heads=16, kv_heads=8, head_dim=256, ffn=15360
    ),
    "Gemma-3-27B": replace(
        GEMMA, layers=62, hidden=5376, heads=32, kv_heads=16, head_dim=128, ffn=21504
    ),
    "gpt-oss-20b": Shapes(
        architecture="gpt-oss",
        layers=24,
        hidden=2880,
        vocab=201088,
        pattern="WF",
        window=128,
        heads=64,
        kv_heads=8,
        head_dim=64,
        experts=32,
        experts_used=4,
        expert_ffn=2880,
    ),
    "DeepSeek-V2-Lite": replace(
        DEEPSEEK,
        layers=27,
        hidden=2048,
        vocab=102400,
        heads=16,
        ffn=10944,
        dense_layers=1,
        experts=64,
        experts_used=6,
        expert_ffn=1408,
        shared_expert_ffn=2816,
    ),
    "DeepSeek-V3-671B": replace(
        DEEPSEEK,
        layers=61,
        hidden=7168,
        vocab=129280,
        heads=128,
        ffn=18432,
        dense_layers=3,
        experts=256,
        experts_used=8,
        expert_ffn=2048,
        shared_expert_ffn=2048,
        q_lora_rank=1536,
    ),
}
"""From the config.json that each publisher gives."""

KNOWN = {
    "shapes": "all its shapes",
    "sort": "parameters, architecture, active parameters",
    "number": "the number of parameters alone",
}


def error(model: str, mix: str, size: float) -> dict[str, float]:
    """Percent that each estimate is off, by what is known of the model."""
    shapes = MODELS[model]
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
            if row["model"] not in MODELS:
                print(f"{row['model']}: no shapes here, not compared")
                continue
            found = error(row["model"], row["ftype"], float(row["size_MiB"]) * 2**20)
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
