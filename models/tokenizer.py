"""One byte-level BPE of 1024 entries for all six members, and how a conversation is written in it.

It must agree token by token with what llama.cpp does with the exported file, which decides every
constant here: llama.cpp knows the splitting rule as `tokenizer.ggml.pre = "qwen2"`, which among
other things keeps every digit apart.
"""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from data.row import Row

SIZE = 1024
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
END = 2
"""The id of <|im_end|>, which ends an answer; specials have the first ids."""
QWEN2_SPLIT = (
    r"(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
PATH = Path(__file__).parent / "build" / "tokenizer.json"


def train(texts: Iterable[str]) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=SIZE,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),  # no byte is ever unknown
        show_progress=False,
        min_frequency=2,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def load() -> Tokenizer:
    return Tokenizer.from_file(str(PATH))


def conversation(prompt: str) -> str:
    """ChatML up to the point where the answer begins."""
    return f"<|im_start|>user\n{prompt}<|im_end|>\n<|im_start|>assistant\n"


def encode(tokenizer: Tokenizer, row: Row) -> tuple[list[int], list[int]]:
    """The tokens of the question and of the answer with its end."""
    question = tokenizer.encode(conversation(row.prompt)).ids
    pieces = list(row.answer) if row.spelled else [row.answer]
    answer = [token for piece in pieces for token in tokenizer.encode(piece).ids]
    return question, [*answer, END]
