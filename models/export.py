"""Writes a trained member as a GGUF file (Q8_0) into the package.

python models/export.py arith
python models/export.py arith --to /tmp       elsewhere than into the package
"""

import argparse
import json
from pathlib import Path

import gguf
import numpy as np
import torch
from tokenizers import Tokenizer

import tokenizer as bpe
from network import CONTEXT, EPSILON, ROPE_BASE, SHAPES, Shape
from shipped import BOX

HERE = Path(__file__).parent
CHAT_TEMPLATE = (
    "{%- set last = namespace(content='') -%}"
    "{%- for message in messages -%}{%- if message.role == 'user' -%}"
    "{%- set last.content = message.content -%}"
    "{%- endif -%}{%- endfor -%}"
    "{{- '<|im_start|>user\\n' + (last.content | trim) + '<|im_end|>\\n' -}}"
    "{%- if add_generation_prompt -%}{{- '<|im_start|>assistant\\n' -}}{%- endif -%}"
)
"""Only the last question is shown to the model: it was trained on single questions, in a context
of 256 tokens."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("member", choices=SHAPES)
    parser.add_argument("--to", type=Path, default=BOX, help="the folder")
    given = parser.parse_args()
    member = given.member
    weights = torch.load(HERE / "build" / f"{member}.pt", weights_only=True)
    path = given.to / f"{member}.gguf"
    write(path, member, weights)
    print(f"{path.name}: {path.stat().st_size:,} bytes")


def write(path: Path, member: str, weights: dict[str, torch.Tensor]) -> None:
    """The network's names are the file's names already.

    The output layer is left out: llama.cpp then uses the embedding, to which it is tied.
    """
    writer = gguf.GGUFWriter(path, "llama")
    describe(writer, member)
    describe_shape(writer, SHAPES[member])
    describe_tokenizer(writer, bpe.load())
    for name, weight in weights.items():
        values = np.ascontiguousarray(weight.float().numpy())
        if values.ndim == 1:
            writer.add_tensor(name, values)
        else:
            q8 = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values, q8), raw_dtype=q8)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def describe(writer: gguf.GGUFWriter, member: str) -> None:
    writer.add_name(f"Homeward box: {member}")
    writer.add_license("Apache-2.0")
    writer.add_description(
        "A demonstration model of a few million parameters at most. It knows small sums, a few "
        "facts, letters of words and short Python functions, or one of these; nothing else."
    )
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)


def describe_shape(writer: gguf.GGUFWriter, shape: Shape) -> None:
    head_width = shape.width // shape.heads
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.width)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.hidden)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.shared_heads)
    writer.add_key_length(head_width)
    writer.add_value_length(head_width)
    writer.add_rope_dimension_count(head_width)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(EPSILON)


def describe_tokenizer(writer: gguf.GGUFWriter, tokenizer: Tokenizer) -> None:
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].__getitem__)
    kinds = [
        gguf.TokenType.CONTROL if token in bpe.SPECIALS else gguf.TokenType.NORMAL
        for token in tokens
    ]
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(tokens)
    writer.add_token_types(kinds)
    writer.add_token_merges([" ".join(merge) for merge in model["merges"]])
    writer.add_bos_token_id(0)
    writer.add_eos_token_id(bpe.END)
    writer.add_eot_token_id(bpe.END)
    writer.add_pad_token_id(0)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


if __name__ == "__main__":
    main()
