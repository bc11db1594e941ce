"""Writes a llama of some ten thousand random weights, byte for byte the same each time.

It speaks gibberish and hardly ever ends by itself: good for tests of length, cancelling and
crashes. Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

import random
import struct
from array import array
from pathlib import Path

WIDTH, HEADS, HEADS_KV, INNER = 32, 4, 2, 64
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
TEMPLATE = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
UINT32, INT32, FLOAT32, BOOL, STRING, ARRAY = 4, 5, 6, 7, 8, 9


def write(path: Path, *, context: int = 4096, seed: int = 0, fills: bool = False) -> Path:
    path.write_bytes(build(context=context, seed=seed, fills=fills))
    return path


def build(*, context: int = 4096, seed: int = 0, fills: bool = False) -> bytes:
    """``fills``: it has tokens that ask for what is missing in a middle."""
    entries, tensors = _metadata(context, fills), _weights(random.Random(seed))
    table, data = b"", b""
    for name, (shape, values) in tensors.items():
        table += _string(name) + struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        table += struct.pack("<IQ", 0, len(data))  # type 0 is float32
        data += values.tobytes()
    header = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries)
    header += table
    return header + bytes(-len(header) % 32) + data


def _metadata(context: int, fills: bool) -> list[bytes]:  # noqa: FBT001  private
    tokens = _alphabet() + list(SPECIAL)
    first = len(tokens) - len(SPECIAL)
    middle = {f"tokenizer.ggml.fim_{part}_token_id": first + 1 for part in ("pre", "suf", "mid")}
    numbers = {
        "llama.context_length": context,
        "llama.embedding_length": WIDTH,
        "llama.block_count": 1,
        "llama.feed_forward_length": INNER,
        "llama.attention.head_count": HEADS,
        "llama.attention.head_count_kv": HEADS_KV,
        "llama.rope.dimension_count": WIDTH // HEADS,
        "llama.vocab_size": len(tokens),
        "tokenizer.ggml.bos_token_id": first,
        "tokenizer.ggml.eos_token_id": first + 2,
        **(middle if fills else {}),
    }
    words = {
        "general.architecture": "llama",
        "general.name": "tiny",
        "general.license": "apache-2.0",
        "tokenizer.ggml.model": "gpt2",
        "tokenizer.ggml.pre": "gpt-2",
        "tokenizer.chat_template": TEMPLATE,
    }
    types = [1] * first + [3] * len(SPECIAL)  # normal, control
    return [
        *(_entry(key, STRING, _string(word)) for key, word in words.items()),
        *(_entry(key, UINT32, struct.pack("<I", number)) for key, number in numbers.items()),
        _entry("llama.attention.layer_norm_rms_epsilon", FLOAT32, struct.pack("<f", 1e-5)),
        _entry("tokenizer.ggml.add_bos_token", BOOL, b"\0"),
        _strings("tokenizer.ggml.tokens", tokens),
        _strings("tokenizer.ggml.merges", ["a b"]),
        _entry(
            "tokenizer.ggml.token_type",
            ARRAY,
            struct.pack(f"<IQ{len(types)}i", INT32, len(types), *types),
        ),
    ]


def _alphabet() -> list[str]:
    """GPT-2's 256 byte tokens: printable bytes are themselves, others come after U+00FF."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    others = [byte for byte in range(256) if byte not in printable]
    return [chr(b) for b in printable] + [chr(256 + place) for place in range(len(others))] + ["ab"]


def _weights(dice: random.Random) -> dict[str, tuple[tuple[int, ...], "array[float]"]]:
    size = 257 + len(SPECIAL)
    narrow = WIDTH * HEADS_KV // HEADS

    def drawn(wide: int, high: int) -> tuple[tuple[int, ...], "array[float]"]:
        return (wide, high), array("f", (dice.gauss(0, 1) for _ in range(wide * high)))

    ones = ((WIDTH,), array("f", [1.0] * WIDTH))
    output = drawn(WIDTH, size)
    output[1][-WIDTH * len(SPECIAL) :] = array("f", bytes(4 * WIDTH * len(SPECIAL)))
    return {
        "token_embd.weight": drawn(WIDTH, size),
        "output.weight": output,  # special tokens have logit 0, far below the likeliest
        "output_norm.weight": ones,
        "blk.0.attn_norm.weight": ones,
        "blk.0.ffn_norm.weight": ones,
        "blk.0.attn_q.weight": drawn(WIDTH, WIDTH),
        "blk.0.attn_k.weight": drawn(WIDTH, narrow),
        "blk.0.attn_v.weight": drawn(WIDTH, narrow),
        "blk.0.attn_output.weight": drawn(WIDTH, WIDTH),
        "blk.0.ffn_gate.weight": drawn(WIDTH, INNER),
        "blk.0.ffn_up.weight": drawn(WIDTH, INNER),
        "blk.0.ffn_down.weight": drawn(INNER, WIDTH),
    }


def _string(text: str) -> bytes:
    raw = text.encode()
    return struct.pack("<Q", len(raw)) + raw


def _strings(key: str, texts: list[str]) -> bytes:
    head = struct.pack("<IQ", STRING, len(texts))
    return _entry(key, ARRAY, head + b"".join(map(_string, texts)))


def _entry(key: str, kind: int, value: bytes) -> bytes:
    return _string(key) + struct.pack("<I", kind) + value
