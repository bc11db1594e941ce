"""READ FIRST: the shapes of a model, from which its memory and its speed are computed.

The terms are those of the catalogue, and of ``homeward fit --arch FILE.json``. A field that is 0 is
not known, or not there; `Shapes.whole` says whether enough is known to compute exactly.
"""

from enum import StrEnum
from functools import lru_cache
from itertools import cycle, islice

from msgspec import Struct


class Layer(StrEnum):
    """What a layer keeps of the tokens before it, by its letter in `Shapes.pattern`."""

    FULL = "F"  # attention to every token
    WINDOW = "W"  # attention to the last `Shapes.window` tokens
    RECURRENT = "R"  # a state of one size (Mamba, gated delta rule, short convolution)
    BOTH = "B"  # full attention and a state, side by side (Falcon-H1)
    NOTHING = "-"  # a feed-forward part alone (Nemotron-H)


class Recurrent(Struct, frozen=True, kw_only=True):
    """The state of a recurrent layer, for one sequence, in numbers of 32 bits.

    ``(conv - 1) * (inner + 2 * groups * state) + state * inner`` of them: llama.cpp's
    ``llama-hparams.cpp``. A short convolution (LFM2) has ``state`` 0.
    """

    conv: int
    inner: int
    state: int = 0
    groups: int = 1
    heads: int = 0  # of its values; where they are projected one by one

    @property
    def numbers(self) -> int:
        return (self.conv - 1) * (self.inner + 2 * self.groups * self.state) + (
            self.state * self.inner
        )


class Shapes(Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """``pattern`` has a letter for each layer (see `Layer`), and is repeated to the last one."""

    name: str = ""
    architecture: str = ""  # as GGUF names it: llama, qwen3moe, gemma3, gpt-oss, deepseek2 ...
    parameters: int = 0  # as published; where shapes are whole they are counted instead
    active_parameters: int = 0  # as published, for one token
    context: int = 0  # tokens it was trained for

    layers: int = 0
    hidden: int = 0
    vocab: int = 0
    heads: int = 0
    kv_heads: int | tuple[int, ...] = 0  # a number for each layer where they differ
    head_dim: int = 0  # not hidden / heads: many models have another
    value_dim: int = 0  # of a head's values, where it is not head_dim
    ffn: int | tuple[int, ...] = 0  # of dense layers
    tied: bool = False  # one matrix is the embedding and the output
    per_layer: int = 0  # width of a token's embedding for each layer (Gemma 3n and 4 E)
    pattern: str = "F"

    window: int = 0  # tokens
    full_head_dim: int = 0  # of layers with full attention, where it differs (Gemma 4)
    full_kv_heads: int = 0
    shared_kv_layers: int = 0  # the last so many keep no cache of their own (Gemma 3n and 4)

    experts: int = 0
    experts_used: int = 0  # for one token, without the shared ones
    expert_ffn: int = 0
    expert_hidden: int = 0  # what experts see, where it is not hidden (Nemotron 3 Super)
    shared_expert_ffn: int = 0  # of all shared experts together
    dense_layers: int = 0  # the first so many have no experts
    expert_every: int = 1  # 2: every second layer has experts (Llama 4 Maverick)

    kv_lora_rank: int = 0  # multi-head latent attention (DeepSeek-V2, arXiv:2405.04434)
    q_lora_rank: int = 0
    rope_dim: int = 0
    nope_dim: int = 0

    recurrent: Recurrent | None = None

    @property
    def kinds(self) -> tuple[Layer, ...]:
        return _kinds(self.pattern or "F", self.layers)

    @property
    def whole(self) -> bool:
        """Whether the cache can be computed exactly."""
        attends = any(kind not in (Layer.RECURRENT, Layer.NOTHING) for kind in self.kinds)
        known = self.kv_lora_rank or self.head_dim or not attends
        return bool(self.layers and self.hidden and known)

    def kv_heads_at(self, layer: int) -> int:
        if self.full_kv_heads and self.kinds[layer] is Layer.FULL:
            return self.full_kv_heads
        return self.kv_heads if isinstance(self.kv_heads, int) else self.kv_heads[layer]

    def head_dim_at(self, layer: int) -> int:
        if self.full_head_dim and self.kinds[layer] is Layer.FULL:
            return self.full_head_dim
        return self.head_dim

    def has_experts(self, layer: int) -> bool:
        late = layer >= self.dense_layers
        return bool(self.experts) and late and (layer + 1) % self.expert_every == 0


@lru_cache(maxsize=1024)  # it is asked for at every layer
def _kinds(pattern: str, layers: int) -> tuple[Layer, ...]:
    return tuple(Layer(letter) for letter in islice(cycle(pattern), layers))
