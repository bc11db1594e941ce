"""Does it fit a card of 16 or 24 GiB? ``homeward fit`` and llmfit, against llama.cpp's own sizes.

    python bench/fit_verdicts.py FOLDER

FOLDER has ``llmfit_vs_llamacpp.csv``: for each model and context what llama.cpp puts there
(weights, cache, compute buffer; GiB) and what ``llmfit plan`` asks for. A model is said to fit if
llama.cpp's sum and 457 MiB, what Ollama sets aside for a driver's context, are at most the card;
llmfit is taken at its word: its "minimum VRAM" against the card. Every flip is listed. Ends with
code 1 if there is one of ours.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
from bench.fit_compared import asked, rows

DRIVER = 457 / 1024  # GiB; ollama, ml/device.go
CARDS = (16, 24)
NAMED = {
    ("google/gemma-3-27b-it", "32768"): {16: False, 24: True},
    ("openai/gpt-oss-20b", "131072"): {16: True, 24: True},
    ("deepseek-ai/DeepSeek-V2-Lite-Chat", "131072"): {16: True, 24: True},
}
"""The cases where estimates that do not know the architecture turn a verdict round."""


def main() -> None:
    flips: dict[str, list[str]] = {"homeward": [], "llmfit": []}
    asked_of = 0
    narrow = []
    for row in rows(Path(sys.argv[1]) / "llmfit_vs_llamacpp.csv"):
        model, context = row["model"], row["ctx"]
        quant = "MXFP4_MOE" if "gpt-oss" in model else "Q4_K_M"
        needed = float(row["true_model+kv+compute_GiB"]) + DRIVER
        for card in CARDS:
            asked_of += 1
            true = needed <= card
            if (model, context) in NAMED and NAMED[model, context][card] is not true:
                sys.exit(f"{model} at {context} on {card} GiB: not what the table says")
            if abs(needed - card) < card / 20:
                narrow.append(f"{model} at {context}: {needed:.1f} of {card} GiB")
            found = asked(model, context=context, quant=quant, vram=f"{card}GiB", ram="512GiB")
            said = {
                "homeward": found["fits"]["gpu"],
                "llmfit": float(row["llmfit_total_vram_GB"]) <= card,
            }
            for who, fits in said.items():
                if fits is not true:
                    words = "fits" if fits else "does not fit"
                    flips[who].append(f"{model} at {context} on {card} GiB: says it {words}")
    print(f"{asked_of} verdicts, {len(narrow)} of them within 5 % of the card:")
    for each in narrow:
        print(f"  {each}")
    for who, wrong in flips.items():
        print(f"{who}: {len(wrong)} turned round")
        for each in wrong:
            print(f"  {each}")
    sys.exit(1 if flips["homeward"] else 0)


if __name__ == "__main__":
    main()
