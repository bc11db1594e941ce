"""A model's ``config.json``, as Hugging Face's transformers reads it, looked up and checked."""

from collections.abc import Mapping
from typing import Any

from homeward.errors import ConfigError
from homeward.machine.formats.gguf_metadata import MOST, MOST_LAYERS

TEXT = ("text_config", "llm_config", "language_config", "thinker_config")
"""Where a model that sees or hears keeps what concerns its language model."""

ARCHITECTURES = {
    **dict.fromkeys(("mistral", "mixtral", "aquila", "yi"), "llama"),
    **dict.fromkeys(
        ("deepseek_v2", "deepseek_v3", "kimi_k2", "kimi_k25", "glm4_moe_lite"), "deepseek2"
    ),
    "bamba": "granitehybrid",
    "cohere": "command-r",
    "cohere2_moe": "cohere2moe",
    "deepseek_v32": "deepseek32",
    "ernie4_5_moe": "ernie4_5-moe",
    "exaone_moe": "exaone-moe",
    "falcon_h1": "falcon-h1",
    "falcon_mamba": "mamba",
    "gemma4_unified": "gemma4",
    "glm4_moe": "glm4moe",
    "glm_moe_dsa": "glm-dsa",
    "gpt_bigcode": "starcoder",
    "gpt_oss": "gpt-oss",
    "granitemoehybrid": "granitehybrid",
    "hunyuan_v1_dense": "hunyuan-dense",
    "hunyuan_v1_moe": "hunyuan-moe",
    "kimi_linear": "kimi-linear",
    "lfm2_moe": "lfm2moe",
    "minimax_m2": "minimax-m2",
    "ministral3": "mistral3",
    "olmo3": "olmo2",
    "phi": "phi2",
    "qwen2_5_vl": "qwen2vl",
    "qwen2_moe": "qwen2moe",
    "qwen2_vl": "qwen2vl",
    "qwen3_5": "qwen35",
    "qwen3_5_moe": "qwen35moe",
    "qwen3_moe": "qwen3moe",
    "qwen3_next": "qwen3next",
    "qwen3_vl": "qwen3vl",
    "qwen3_vl_moe": "qwen3vlmoe",
}
"""What llama.cpp's converter calls a ``model_type``; the rest have the same name there."""

UNSAID: dict[str, dict[str, Any]] = {
    "cohere2": {"sliding_window": 4096},
    "gemma": {"head_dim": 256},
    "gemma2": {"head_dim": 256, "sliding_window": 4096},
    "gemma3": {
        "head_dim": 256,
        "max_position_embeddings": 131072,
        "num_attention_heads": 8,
        "num_key_value_heads": 4,
        "vocab_size": 262208,
    },
    "gemma3n": {
        "head_dim": 256,
        "hidden_size_per_layer_input": 256,
        "num_attention_heads": 8,
        "num_key_value_heads": 2,
        "num_kv_shared_layers": 15,
        "sliding_window": 512,
    },
    "gpt-oss": {"head_dim": 64, "sliding_window": 128},
    "llama4": {"attention_chunk_size": 8192},
}
"""Defaults of transformers that publishers' files leave out, by architecture."""

TIED = frozenset(
    {
        *("command-r", "cohere2", "gemma", "gemma2", "gemma3", "gemma3n", "gemma4", "lfm2"),
        *("lfm2moe", "mamba", "smollm3", "starcoder", "starcoder2"),
    }
)
"""Whose output is the embedding where the file does not say it."""


def architecture(model_type: str) -> str:
    """As GGUF names it."""
    plain = model_type.removesuffix("_text")
    return ARCHITECTURES.get(plain, plain)


class Config:
    """The fields of the language model; ConfigError where they are none, or of a wrong kind."""

    def __init__(self, said: Mapping[str, Any]) -> None:
        held = [said[key] for key in TEXT if isinstance(said.get(key), dict)]
        inner: dict[str, Any] = held[0] if held else {}
        outer = {key: value for key, value in said.items() if key not in TEXT}
        kind = inner.get("model_type") or said.get("model_type") or ""
        self.architecture = architecture(kind) if isinstance(kind, str) else ""
        self.said = {**UNSAID.get(self.architecture, {}), **_told(outer), **_told(inner)}
        self.layers = self.number("num_hidden_layers", "n_layer", "n_layers", "num_layers")
        self.hidden = self.number("hidden_size", "n_embd", "d_model", "model_dim")
        self.heads = self.number("num_attention_heads", "n_head", "n_heads", "num_heads")
        if not (self.layers and self.hidden):
            raise ConfigError(
                "this config.json does not say num_hidden_layers and hidden_size: name that of a "
                "language model"
            )

        if self.layers > MOST_LAYERS:
            raise ConfigError(f"a model of {self.layers} layers cannot be: mend the config.json")

    def get(self, *names: str) -> Any:
        """The first of these fields that is said."""
        return next((self.said[name] for name in names if name in self.said), None)

    def number(self, *names: str) -> int:
        """The first of these that is one, 0 where none is; the largest of a list."""
        for name in names:
            value = self.said.get(name)
            values = [_whole(each) for each in (value if isinstance(value, list) else [value])]
            found = [each for each in values if each is not None]
            if found and len(found) == len(values):
                if min(found) < 0:
                    raise ConfigError(f"{name} is {value}, and it is a size: mend the config.json")
                if max(found) > MOST:
                    raise ConfigError(f"{name} is more than {MOST:.0e}: mend the config.json")
                return max(found)
        return 0

    def within(self, name: str, key: str) -> int:
        """A number of the object that ``name`` holds, 0 where there is none."""
        held = self.said.get(name)
        return max(_whole(held.get(key)) or 0, 0) if isinstance(held, dict) else 0

    def numbers(self, name: str) -> list[int]:
        """One for each layer; empty where that is not said."""
        values = [_whole(each) for each in self.each(name)]
        found = [each for each in values if each is not None and each >= 0]
        return found if len(found) == len(values) else []

    def each(self, name: str) -> list[Any]:
        """One for each layer; empty where nothing is said."""
        value = self.said.get(name)
        if not isinstance(value, list | str) or not value:
            return []
        if len(value) < self.layers:
            raise ConfigError(
                f"{name} has {len(value)} entries for {self.layers} layers: mend the config.json"
            )
        return list(value)[: self.layers]


def _whole(value: Any) -> int | None:
    """A number without fraction: some files write 8.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if type(value) is int else None


def _told(said: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in said.items() if value is not None}
