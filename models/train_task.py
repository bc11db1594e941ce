"""Trains the classifier behind the signal `task` and writes it into the package.

    python models/train_task.py

Multinomial logistic regression on words and pairs of words, by Adagrad (Duchi, Hazan and Singer
2011), with features left out at random so that no single word decides. The prompts are those of
the grammar in data/task_grammar.txt, without any that has four words in a row of a prompt which
the classifier is measured on. The same file comes out wherever numpy is the same.
"""

import json
import re
from array import array
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import numpy as np
from numpy.typing import NDArray

from data.task_prompts import prompts
from homeward.signals import task_model
from homeward.signals.task_model import Weights, features, packed

HELD_OUT = Path(__file__).parents[1] / "tests" / "signals" / "task_prompts.jsonl"
TOGETHER = 4
PER_TASK = 4000
EPOCHS = 8
BATCH = 128
RATE = 0.1
DECAY = 1e-4
"""L2 penalty: a feature keeps a large weight only if many prompts need it."""
LEFT_OUT = 0.35
"""Share of the features of a prompt that training does not see."""
SEEN = 12
"""Prompts that must have a feature for it to count."""

Floats = NDArray[np.float64]


def main() -> None:
    rows = list(training(Random("task prompts")))
    weights = trained(rows)
    path = Path(task_model.__file__).with_name("task_model.json")
    path.write_text(packed(weights))
    fresh = list(islice(prompts(Random("other task prompts")), 2400))
    print(f"{len(rows):,} prompts, {len(weights.known):,} features, {path.stat().st_size:,} bytes")
    print(f"right on prompts of the grammar: {share(weights, fresh):.4f}")
    print(f"right on those held out: {share(weights, list(held_out())):.4f}")


def training(rng: Random) -> Iterator[tuple[str, str]]:
    """As many prompts of each task, none with words in a row of one that is held out."""
    kept_out = {run for prompt, _ in held_out() for run in runs(prompt)}
    left = Counter[str]()
    for prompt, task in prompts(rng):
        if left[task] < PER_TASK and kept_out.isdisjoint(runs(prompt)):
            left[task] += 1
            yield prompt, task
        if left and min(left.values()) >= PER_TASK:
            return


def held_out() -> Iterator[tuple[str, str]]:
    for line in HELD_OUT.read_text().splitlines():
        row = json.loads(line)
        yield row["prompt"], row["label"]


def runs(prompt: str) -> Iterator[tuple[str, ...]]:
    words = re.findall(r"[^\W\d_]+|\d+", prompt.lower())
    return zip(*(words[start:] for start in range(TOGETHER)), strict=False)


def trained(rows: list[tuple[str, str]]) -> Weights:
    rng = np.random.default_rng(0)
    tasks = list(dict.fromkeys(task for _, task in rows))
    found = [features(prompt.strip().lower()) for prompt, _ in rows]
    counts = Counter(one for of_prompt in found for one in of_prompt)
    # The first place stands for nothing and stays zero: see `probabilities`.
    known = {one: place for place, one in enumerate([0, *sorted(
        one for one, count in counts.items() if count >= SEEN)])}  # fmt: skip
    places = [np.array(sorted(known[one] for one in them if one in known)) for them in found]
    labels = np.array([tasks.index(task) for _, task in rows])
    weights, bias = np.zeros((len(known), len(tasks))), np.zeros(len(tasks))
    seen, seen_bias = np.full_like(weights, 1e-2), np.full_like(bias, 1e-2)
    for _ in range(EPOCHS):
        for batch in np.array_split(rng.permutation(len(rows)), len(rows) // BATCH):
            kept = [one[rng.random(len(one)) > LEFT_OUT] for one in (places[i] for i in batch)]
            row = np.repeat(np.arange(len(batch)), [len(one) for one in kept])
            column = np.concatenate(kept)
            error = softmax(weights, bias, row, column, len(batch))
            error[np.arange(len(batch)), labels[batch]] -= 1
            used, inverse = np.unique(column, return_inverse=True)
            gradient = np.zeros((len(used), len(tasks)))
            np.add.at(gradient, inverse, error[row])
            gradient = gradient / len(batch) + DECAY * weights[used]
            seen[used] += gradient**2
            weights[used] -= RATE * gradient / np.sqrt(seen[used])
            seen_bias += error.mean(axis=0) ** 2
            bias -= RATE * error.mean(axis=0) / np.sqrt(seen_bias)
    return quantised(weights, bias, tasks, known)


def softmax(
    weights: Floats, bias: Floats, row: NDArray[np.intp], column: NDArray[np.intp], size: int
) -> Floats:
    totals = np.tile(bias, (size, 1))
    np.add.at(totals, row, weights[column])
    shares = np.exp(totals - totals.max(axis=1, keepdims=True))
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def quantised(weights: Floats, bias: Floats, tasks: list[str], known: dict[int, int]) -> Weights:
    """As signed bytes; features that round to nothing for every task are dropped."""
    scale = round(float(np.abs(weights).max()) / 127, 6)
    values = np.round(weights / scale).clip(-127, 127).astype(np.int8)
    kept = [one for one, place in known.items() if place == 0 or values[place].any()]
    values = values[[known[one] for one in kept]]
    columns = [array("b", values[:, place].tobytes()) for place in range(len(tasks))]
    places = {one: place for place, one in enumerate(kept)}
    return Weights(tasks, places, columns, scale, [round(float(one), 4) for one in bias])


def share(weights: Weights, rows: list[tuple[str, str]]) -> float:
    right = [best(weights, prompt) == task for prompt, task in rows]
    return sum(right) / len(right)


def best(weights: Weights, prompt: str) -> str:
    chances = task_model.probabilities(prompt.strip().lower(), weights)
    return max(chances, key=chances.__getitem__)


if __name__ == "__main__":
    main()
