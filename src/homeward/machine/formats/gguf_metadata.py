"""What a GGUF file says of itself, or Ollama of its file, looked up and checked.

Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, and llama.cpp's ``llama-arch.cpp``.
"""

from collections.abc import Iterable, Mapping, Sequence, Sized
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

from homeward.errors import ConfigError

Row: TypeAlias = tuple[str, Sequence[int], str]
"""A tensor's name, shape (innermost dimension first) and ggml type."""

PROJECTOR = ("v.", "mm.", "a.", "s.", "model.vision", "model.mm")
"""How the tensors of the part that sees or hears begin, where it lies in the same file."""

SAME = {"gptoss": "gpt-oss", "glm4moelite": "deepseek2"}
"""What Ollama calls otherwise than llama.cpp does."""

MOST_LAYERS = 4096
MOST = 1 << 40
"""Of any other number; a file has more parameters than that, and no width or length."""


def is_projector(tensor: str) -> bool:
    """Whether the tensor of that name is no part of the language model itself."""
    return tensor.startswith(PROJECTOR)


def _huge(shape: Sequence[int]) -> bool:
    return len(shape) > 4 or prod(shape) > MOST


class Metadata:
    """``tensors`` are the shapes of the language model's tensors by name; none where not told.

    ConfigError where it is no language model.
    """

    def __init__(self, said: Mapping[str, Any], rows: Iterable[Row] = ()) -> None:
        self.said = said
        rows = tuple(rows)
        if wrong := [name for name, shape, _ in rows if min(shape, default=0) < 0 or _huge(shape)]:
            raise ConfigError(f"the tensor {wrong[0]} cannot be that large: the file is damaged")
        self.tensors = {name: shape for name, shape, _ in rows if not is_projector(name)}
        self.prefix = self.text("general.architecture")
        self.architecture = SAME.get(self.prefix, self.prefix)
        self.hidden, blocks = self.number("embedding_length"), self.number("block_count")
        if not (self.prefix and self.hidden and blocks):
            raise ConfigError(
                "this file does not say the layers and the width of a language model "
                f"(architecture {self.prefix or 'unknown'!r}): name the model's own file, no "
                "projector and no adapter"
            )
        # those that guess tokens ahead are not loaded when the model runs by itself
        self.layers = blocks - self.number("nextn_predict_layers")
        if not 0 < self.layers <= MOST_LAYERS:
            raise ConfigError(f"a model of {self.layers} layers cannot be: the file is damaged")
        self.heads = self.number("attention.head_count")

    def text(self, key: str) -> str:
        value = self.said.get(key)
        return value if isinstance(value, str) else ""

    def numbers(self, key: str) -> tuple[int, ...]:
        """One for each layer, or one for all; empty where nothing is said."""
        value = self.said.get(f"{self.prefix}.{key}")
        values = value if isinstance(value, list | tuple) else (value,)
        if not all(isinstance(each, int) and each >= 0 for each in values):
            return ()
        if max(values, default=0) > MOST:
            raise ConfigError(f"{self.prefix}.{key} cannot be {max(values)}: the file is damaged")
        return tuple(int(each) for each in values)

    def number(self, key: str) -> int:
        """The largest, where there is one for each layer; 0 where nothing is said."""
        return max(self.numbers(key), default=0)

    def each(self, key: str) -> tuple[int, ...]:
        """One for each layer; empty where nothing is said."""
        values = self.numbers(key)
        if len(values) == 1:
            return values * self.layers
        if values and len(values) < self.layers:
            raise ConfigError(
                f"{self.prefix}.{key} has {len(values)} numbers for {self.layers} layers: the "
                "file is damaged, download it again"
            )
        return values[: self.layers]

    def parts(self, layer: int) -> set[str]:
        """The tensors of a layer, by what stands behind ``blk.N.``: attn_q, ffn_up_exps ..."""
        return self._parts.get(str(layer), set())

    @cached_property
    def _parts(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for name in self.tensors:
            match name.split("."):
                case ["blk", layer, part, *_]:
                    found.setdefault(layer, set()).add(part)
                case _:
                    pass
        return found

    def width(self, *parts: str) -> int:
        """The second dimension of the widest such tensor, of the first part that is there."""
        for part in parts:
            end = f".{part}.weight"
            found = [shape for name, shape in self.tensors.items() if name.endswith(end)]
            if wide := max((shape[1] for shape in found if len(shape) > 1), default=0):
                return wide
        return 0

    @property
    def vocab(self) -> int:
        table = self.tensors.get("token_embd.weight", ())
        tokens = self.said.get("tokenizer.ggml.tokens")
        listed = len(tokens) if isinstance(tokens, Sized) else 0
        return table[1] if len(table) == 2 else self.number("vocab_size") or listed
