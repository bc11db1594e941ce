"""Shapes from what a GGUF file says of itself, or Ollama of its file: metadata and tensors.

Keys: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, and llama.cpp's ``llama-arch.cpp``;
what they mean for the cache: its ``llama-hparams.cpp`` and ``src/models``.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence, Sized
from dataclasses import dataclass
from math import prod
from typing import Any, TypeAlias

from homeward.errors import ConfigError
from homeward.machine import attention_patterns as patterns
from homeward.machine.shapes import Layer, Recurrent, Shapes

Row: TypeAlias = tuple[str, Sequence[int], str]
"""A tensor's name, shape (innermost dimension first) and ggml type."""

PROJECTOR = ("v.", "mm.", "a.", "s.")
"""Tensors of the part that sees or hears, where it lies in the same file."""

SAME = {"gptoss": "gpt-oss", "lfm2_moe": "lfm2moe", "glm4moelite": "deepseek2"}
"""What Ollama calls otherwise than llama.cpp does."""

MOST_LAYERS = 4096


def shapes_of(metadata: Mapping[str, Any], tensors: Iterable[Row] = ()) -> Shapes:
    """ConfigError where it is no language model, or contradicts itself.

    ``tensors`` may be missing (older servers): what only they tell is supposed then.
    """
    said = _Said(metadata, _by_name(tensors))
    layers = said.layers
    pattern = said.pattern()
    kinds = patterns.drawn_out(pattern, layers)
    latent = said.latent()
    heads = _most(said.numbers("attention.head_count"))
    hidden = said.number("embedding_length")
    key = said.number("attention.key_length") or (hidden // heads if heads else 0)
    value = said.number("attention.value_length") or key
    windows = said.number("attention.key_length_swa")
    wide = bool(windows) and windows != key and Layer.WINDOW in kinds
    kv_heads, full_kv_heads = _kv_heads(said, heads, kinds)
    experts = said.number("expert_count")
    if latent:  # what the file says of heads is of the compressed cache
        key, value, kv_heads = 0, latent.pop("value_dim"), 0
    return Shapes(
        name=said.text("general.name") or said.text("general.basename"),
        architecture=said.architecture,
        parameters=sum(prod(shape) for name, shape in said.tensors.items() if "rope_" not in name),
        context=said.number("context_length"),
        layers=layers,
        hidden=hidden,
        vocab=said.vocab(),
        heads=heads,
        kv_heads=kv_heads,
        head_dim=windows if wide else key,
        value_dim=0 if value == key else value,
        ffn=_alike(said.each("feed_forward_length")),
        tied=bool(said.tensors) and "output.weight" not in said.tensors,
        pattern=pattern,
        window=said.window() if Layer.WINDOW in kinds else 0,
        full_head_dim=key if wide else 0,
        full_kv_heads=full_kv_heads,
        shared_kv_layers=said.shared_layers(),
        recurrent=said.recurrent() if {Layer.RECURRENT, Layer.BOTH} & set(kinds) else None,
        **latent,
        **(said.expert_shapes(experts) if experts else {}),
    )


def of_text(rows: Iterable[Row]) -> list[Row]:
    """The tensors of the language model itself."""
    return [row for row in rows if not row[0].startswith(PROJECTOR)]


def of_projector(rows: Iterable[Row]) -> list[Row]:
    """The tensors of the part that sees or hears, in the same file."""
    return [row for row in rows if row[0].startswith(PROJECTOR)]


def _by_name(rows: Iterable[Row]) -> dict[str, Sequence[int]]:
    return {name: shape for name, shape, _ in of_text(rows)}


@dataclass
class _Said:
    """The metadata below the architecture's name, and the shapes of tensors by name."""

    metadata: Mapping[str, Any]
    tensors: Mapping[str, Sequence[int]]

    def __post_init__(self) -> None:
        self.prefix = self.text("general.architecture")
        self.architecture = SAME.get(self.prefix, self.prefix)
        blocks = self.number("block_count")
        if not (self.prefix and blocks and self.number("embedding_length")):
            raise ConfigError(
                "this file does not say the layers and the width of a language model "
                f"(architecture {self.prefix or 'unknown'!r}): name the model's own file, no "
                "projector and no adapter"
            )
        # those that guess tokens ahead are left out when the model runs by itself
        self.layers = blocks - self.number("nextn_predict_layers")
        if not 0 < self.layers <= MOST_LAYERS:
            raise ConfigError(f"a model of {self.layers} layers cannot be: the file is damaged")

    def text(self, key: str) -> str:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else ""

    def value(self, key: str) -> Any:
        return self.metadata.get(f"{self.prefix}.{key}")

    def numbers(self, key: str) -> tuple[int, ...]:
        """One for each layer, or one for all; empty where nothing is said."""
        value = self.value(key)
        values = value if isinstance(value, list | tuple) else (value,)
        if not all(isinstance(each, int) and each >= 0 for each in values):
            return ()
        return tuple(int(each) for each in values)

    def number(self, key: str) -> int:
        return _most(self.numbers(key))

    def each(self, key: str) -> tuple[int, ...]:
        """One for each layer; empty where nothing is said."""
        values = self.numbers(key)
        if len(values) == 1:
            return values * self.layers
        if values and len(values) < self.layers:
            raise ConfigError(
                f"{self.prefix}.{key} has {len(values)} numbers for {self.layers} layers: the "
                "file is damaged"
            )
        return values[: self.layers]

    def vocab(self) -> int:
        table = self.tensors.get("token_embd.weight", ())
        tokens = self.metadata.get("tokenizer.ggml.tokens")
        listed = len(tokens) if isinstance(tokens, Sized) else 0
        return table[1] if len(table) == 2 else self.number("vocab_size") or listed

    def window(self) -> int:
        supposed = patterns.SUPPOSED.get(self.architecture, 0)
        if self.architecture == "llama4":  # in chunks, whatever the file says
            return supposed if self.numbers("attention.sliding_window") != (0,) else 0
        return self.number("attention.sliding_window") or supposed

    def pattern(self) -> str:
        letters = list(self._windows())
        for layer, letter in enumerate(self._states()):
            letters[layer] = letter or letters[layer]
        return patterns.shortest(letters)

    def _windows(self) -> list[Layer]:
        """F and W, as if every layer had attention."""
        own = self.numbers("attention.sliding_window_pattern")
        if not self.window() or self.architecture == "phi3":  # llama.cpp ignores Phi-3's
            period = "F"
        elif len(own) > 1:
            period = "".join("W" if slides else "F" for slides in own)
        elif self.architecture in ("lfm2", "lfm2moe"):
            period = "W"
        else:
            period = patterns.windowed(self.architecture, self.layers)
            if own and period != "F":
                period = patterns.of_period(own[0], full_first=period.startswith("F"))
        return patterns.drawn_out(period, self.layers)

    def _states(self) -> list[Layer | None]:
        """Which layers are recurrent, both, or nothing; None for attention alone."""
        every = [None] * self.layers
        if self.architecture in patterns.RECURRENT:
            return [Layer.RECURRENT for _ in every]
        if self.architecture in patterns.SIDE_BY_SIDE:
            return [Layer.BOTH for _ in every]
        if flags := self.each("attention.recurrent_layers"):
            return [Layer.RECURRENT if flag else None for flag in flags]
        usual = patterns.INTERVALS.get(self.architecture)
        if interval := self.number("full_attention_interval") or usual:
            return [Layer.RECURRENT if at % interval else None for at in range(1, self.layers + 1)]
        heads = self.each("attention.head_count_kv")
        return [None if heads and heads[at] else self._without(at) for at in range(self.layers)]

    def _without(self, layer: int) -> Layer | None:
        """A layer of which the metadata does not say that it has attention."""
        heads = self.numbers("attention.head_count_kv")
        there = {name.split(".")[2] for name in self.tensors if name.startswith(f"blk.{layer}.")}
        stateful = any(part.startswith(("ssm_", "shortconv")) for part in there)
        if not heads:  # said nowhere: every layer has as many as its queries
            attends = any(part.startswith("attn_q") for part in there) or not there
            return None if attends else Layer.RECURRENT if stateful else Layer.NOTHING
        if not there:
            wide = self.each("feed_forward_length")
            alone = self.architecture.startswith("nemotron_h") and bool(wide and wide[layer])
            stateful = bool(self.recurrent()) and not alone
        return Layer.RECURRENT if stateful else Layer.NOTHING

    def recurrent(self) -> Recurrent | None:
        kernel, inner = self.number("ssm.conv_kernel"), self.number("ssm.inner_size")
        if width := self.number("shortconv.l_cache"):
            return Recurrent(conv=width, inner=self.number("embedding_length"))
        if width := self.number("wkv.head_size"):
            shifts = self.number("token_shift_count") or 2
            inner = self.number("embedding_length")
            return Recurrent(conv=shifts + 1, inner=inner, state=width, groups=0)
        if width := self.number("kda.head_dim"):
            heads = _most(self.numbers("attention.head_count"))
            return Recurrent(
                conv=kernel or 4, inner=heads * width, state=width, groups=heads, heads=heads
            )
        if not inner:
            return None
        return Recurrent(
            conv=max(kernel, 1),
            inner=inner,
            state=self.number("ssm.state_size"),
            groups=self.number("ssm.group_count"),  # none in Mamba 1
            heads=self.number("ssm.time_step_rank"),
        )

    def latent(self) -> dict[str, int]:
        """Multi-head latent attention.

        Files from before llama.cpp had its cache do not say the uncompressed lengths, and are run
        with all keys and values of every head.
        """
        rank, rope = self.number("attention.kv_lora_rank"), self.number("rope.dimension_count")
        key = self.number("attention.key_length_mla")
        if not (rank and key > rope > 0):
            return {}
        return {
            "kv_lora_rank": rank,
            "q_lora_rank": self.number("attention.q_lora_rank"),
            "rope_dim": rope,
            "nope_dim": key - rope,
            "value_dim": self.number("attention.value_length_mla"),
        }

    def shared_layers(self) -> int:
        usual = max(self.layers - 20, 0) if self.architecture == "gemma3n" else 0
        return self.number("attention.shared_kv_layers") or usual

    def expert_shapes(self, experts: int) -> dict[str, int]:
        wide = self._width("ffn_up_exps", "ffn_gate_exps")
        wide = wide or self.number("expert_feed_forward_length")
        wide = wide or self.number("feed_forward_length")
        own = [name for name in self.tensors if "_exps." in name and name.startswith("blk.")]
        first = min((int(name.split(".")[1]) for name in own), default=-1)
        step = max(self.number("interleave_moe_layer_step"), 1)
        lead = self.number("leading_dense_block_count")
        return {
            "experts": experts,
            "experts_used": self.number("expert_used_count"),
            "expert_ffn": wide,
            "shared_expert_ffn": self._shared(wide),
            "dense_layers": first if first >= 0 and step == 1 else lead,
            "expert_every": step,
        }

    def _shared(self, wide: int) -> int:
        """All shared experts together."""
        if found := self._width("ffn_up_shexp", "ffn_gate_shexp"):
            return found
        said = self.number("expert_shared_feed_forward_length")
        count = self.number("expert_shared_count") or (self.architecture == "llama4")
        return said or wide * count

    def _width(self, *parts: str) -> int:
        for part in parts:
            found: Collection[Sequence[int]] = [
                shape for name, shape in self.tensors.items() if name.endswith(f".{part}.weight")
            ]
            if found:
                return max(shape[1] for shape in found if len(shape) > 1)
        return 0


def _most(values: Sequence[int]) -> int:
    return max(values, default=0)


def _alike(values: tuple[int, ...]) -> int | tuple[int, ...]:
    """One number where all are the same."""
    return values if len(set(values)) > 1 else _most(values)


def _kv_heads(said: _Said, heads: int, kinds: Sequence[Layer]) -> tuple[int | tuple[int, ...], int]:
    """Of all layers, and of those with full attention where these have others."""
    values = said.each("attention.head_count_kv") or (heads,) * said.layers
    held = {value for value in values if value}
    if len(held) < 2:
        return _most(values), 0
    full = {value for value, kind in zip(values, kinds, strict=True) if kind is Layer.FULL}
    narrow = {value for value, kind in zip(values, kinds, strict=True) if kind is Layer.WINDOW}
    if len(full) == len(narrow) == 1:
        return narrow.pop(), full.pop()
    return values, 0
