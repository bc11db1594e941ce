"""Trains the box's router on training rows and writes its weights into the package.

    python models/train_router.py

The threshold is chosen on validation rows; the test rows are only counted, at the end.
"""

import base64
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from random import Random

import torch
from torch import Tensor, nn
from torch.nn import functional

from data.mixture import DOMAINS, plain, streams_of
from data.router_prompts import nearly, short_form
from data.row import Row, Split
from data.style import restyled
from data.words import any_word
from frozen import TABLES, questions
from shipped import BOX, router

ROWS = {"arith": 15_000, "code": 15_000, "facts": 15_000, "words": 15_000, "none": 40_000}
NEARLY_ROWS = 50_000
SHORT_ROWS = 2_000
"""Per domain."""
VALIDATION_ROWS = dict.fromkeys(ROWS, 1500)
STRANGE_SHARE = 0.5
"""Training prompts of "none" in which some words become words that nobody has seen before: what
is unknown should not look like a domain."""
STRANGE_WORDS = 0.3
EPOCHS = 5
BATCH = 256
RATE = 0.01
DECAY = 1e-5
"""L2 penalty: a bucket keeps a large weight only if many rows need it."""
KEPT = 0.997
"""The threshold is the highest that still routes this share of validation questions right."""


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = trained([*examples("train", ROWS), *further_examples()])
    weights = quantised(model, threshold=0.0)
    validation = list(examples("validation", VALIDATION_ROWS))
    weights = quantised(model, highest_threshold(weights, validation))
    write(BOX / "router.json", weights)
    for split in ("validation", "test"):
        print(split, accuracies(weights, list(examples(split, VALIDATION_ROWS))))


def examples(split: Split, counts: dict[str, int]) -> Iterator[tuple[str, str]]:
    """Prompts with their classes."""
    rng = Random(f"router {split}")
    streams = streams_of(split, rng)
    for group, count in counts.items():
        for row in islice(streams[group], count):
            yield strange(row, rng) if split == "train" else row.prompt, group


def further_examples() -> Iterator[tuple[str, str]]:
    """Short forms know no splits, so those that a table asks are left out."""
    rng = Random("router further")
    for prompt in islice(nearly("train", rng, DOMAINS), NEARLY_ROWS):
        yield prompt, "none"
    asked = {plain(question["prompt"]) for table in TABLES for question in questions(table)}
    for domain in DOMAINS:
        for _ in range(SHORT_ROWS):
            prompt = restyled(short_form(domain, rng), rng)
            if plain(prompt) not in asked:
                yield prompt, domain


def strange(row: Row, rng: Random) -> str:
    if row.group != "none" or rng.random() > STRANGE_SHARE:
        return row.prompt
    words = row.prompt.split(" ")
    return " ".join(
        any_word(rng) if word.isalpha() and rng.random() < STRANGE_WORDS else word for word in words
    )


def trained(rows: list[tuple[str, str]]) -> nn.EmbeddingBag:
    """Multinomial logistic regression; the last row of the table is the bias."""
    model = nn.EmbeddingBag(router.BUCKETS + 1, len(router.CLASSES), mode="sum")
    nn.init.zeros_(model.weight)
    optimiser = torch.optim.Adam(model.parameters(), lr=RATE)
    inputs = [torch.tensor([*sorted(router.buckets(p)), router.BUCKETS]) for p, _ in rows]
    classes = torch.tensor([router.CLASSES.index(group) for _, group in rows])
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(rows)).split(BATCH):
            loss = functional.cross_entropy(scores(model, inputs, batch), classes[batch])
            loss = loss + DECAY * model.weight.square().sum()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
    return model


def scores(model: nn.EmbeddingBag, inputs: list[Tensor], batch: Tensor) -> Tensor:
    chosen = [inputs[index] for index in batch.tolist()]
    offsets = torch.tensor([0, *(len(buckets) for buckets in chosen[:-1])]).cumsum(0)
    return model(torch.cat(chosen), offsets)


def quantised(model: nn.EmbeddingBag, threshold: float) -> "router.Weights":
    weight = model.weight.detach()
    scale = float(weight[: router.BUCKETS].abs().max()) / 127
    values = (weight[: router.BUCKETS] / scale).round().to(torch.int8).flatten().tolist()
    bias = tuple(round(value, 4) for value in weight[router.BUCKETS].tolist())
    return router.Weights(router.array("b", values), round(scale, 6), bias, threshold)


def highest_threshold(weights: "router.Weights", rows: list[tuple[str, str]]) -> float:
    domain_rows = [(prompt, group) for prompt, group in rows if group in DOMAINS]
    for percent in range(95, 30, -1):
        if recall(weights, domain_rows, percent / 100) >= KEPT:
            return percent / 100
    return 0.3


def recall(weights: "router.Weights", rows: list[tuple[str, str]], threshold: float) -> float:
    found = [router.probabilities_of(prompt, weights)[group] >= threshold for prompt, group in rows]
    return sum(found) / len(found)


def write(path: Path, weights: "router.Weights") -> None:
    content = {
        "threshold": weights.threshold,
        "scale": weights.scale,
        "bias": weights.bias,
        "weights": base64.b64encode(weights.values.tobytes()).decode(),
    }
    path.write_text(json.dumps(content) + "\n")


def accuracies(weights: "router.Weights", rows: list[tuple[str, str]]) -> dict[str, float]:
    right: dict[str, list[bool]] = {}
    for prompt, group in rows:
        right.setdefault(group, []).append(router.decide(prompt, weights)[0] == group)
    return {group: round(sum(found) / len(found), 4) for group, found in right.items()}


if __name__ == "__main__":
    main()
