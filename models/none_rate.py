"""How many prompts of other people's data sets the router leaves alone.

    python models/none_rate.py some.jsonl.gz ...     (one JSON per line, with a "prompt")

For measuring only: none of those rows is kept, and nothing is trained on them.
"""

import argparse
import gzip
import json
from collections import Counter
from pathlib import Path

from shipped import router


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path)
    parser.add_argument("--show", type=int, default=0, help="print so many of the prompts it took")
    arguments = parser.parse_args()
    for path in arguments.files:
        with gzip.open(path, "rt") as lines:
            prompts = [json.loads(line)["prompt"] for line in lines]
        routed = {prompt: router.domain(prompt)[0] for prompt in prompts}
        taken = [prompt for prompt in routed if routed[prompt] != "none"]
        short = [prompt for prompt in routed if len(prompt.split()) <= router.LONGEST]
        none = sum(routed[prompt] == "none" for prompt in prompts)
        print(
            f"{path.name}: none {none}/{len(prompts)} = {none / len(prompts):.2%}; "
            f"{len(taken)} of {len(short)} different short prompts taken: "
            f"{dict(Counter(routed[prompt] for prompt in taken))}"
        )
        for prompt in taken[: arguments.show]:
            print("   ", routed[prompt], repr(prompt))


if __name__ == "__main__":
    main()
