"""All that a GGUF file says before its weights, from a disk and piece by piece."""

import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.backends import gguf_reader
from homeward.backends.gguf_content import Content, read_file, read_from, read_model
from homeward.backends.gguf_reader import Long
from homeward.errors import BadModelFile
from tests.backends import shape_gguf, tiny_gguf

WHOLE = tiny_gguf.build()
ROWS = [("blk.0.attn_k.weight", (64, 32), "Q8_0"), ("output_norm.weight", (64,), "F32")]
SAID = {
    "general.architecture": "llama",
    "llama.attention.head_count_kv": [4, 0, 4],
    "llama.attention.sliding_window_pattern": [True, False],
    "tokenizer.ggml.tokens": ["a", "bb", ""],
    "tokenizer.ggml.token_type": [1] * 5000,
}


class Far:
    """Gives a file in pieces of one size, and counts what was asked of it."""

    def __init__(self, data: bytes, piece: int) -> None:
        self.data, self.piece, self.at = data, piece, 0

    def __call__(self, least: int) -> bytes:
        piece = self.data[self.at : self.at + min(least, self.piece)]
        self.at += len(piece)
        return piece


def written(path: Path) -> Content:
    return read_file(shape_gguf.write(path, SAID, ROWS))


def test_arrays_of_numbers_are_kept(tmp_path: Path) -> None:
    said = written(tmp_path / "a.gguf").metadata
    assert said["llama.attention.head_count_kv"] == (4, 0, 4)
    assert said["llama.attention.sliding_window_pattern"] == (True, False)


def test_long_arrays_and_those_of_texts_are_counted(tmp_path: Path) -> None:
    said = written(tmp_path / "a.gguf").metadata
    assert said["tokenizer.ggml.tokens"] == Long(3)
    assert len(said["tokenizer.ggml.token_type"]) == 5000


def test_every_tensor_is_told(tmp_path: Path) -> None:
    content = written(tmp_path / "a.gguf")
    assert content.rows == ROWS
    assert [tensor.length for tensor in content.tensors] == [64 * 34, 256]


def test_the_quantisation_is_the_commonest_type_or_what_the_file_says(tmp_path: Path) -> None:
    assert written(tmp_path / "a.gguf").quantization == "Q8_0"
    path = shape_gguf.write(tmp_path / "b.gguf", SAID | {"general.file_type": 15}, ROWS)
    assert read_file(path).quantization == "Q4_K_M"


@settings(deadline=None, max_examples=50)
@given(piece=st.integers(1, len(WHOLE)))
def test_pieces_of_any_size_give_the_same(piece: int) -> None:
    content = read_from(Far(WHOLE, piece), len(WHOLE), "far")
    assert content == read_from(Far(WHOLE, len(WHOLE)), len(WHOLE), "far")
    assert content.metadata["tokenizer.ggml.tokens"] == Long(260)


def test_no_more_is_read_than_the_header() -> None:
    head, size = shape_gguf.header(SAID, ROWS)
    assert read_from(Far(head, 100), size, "far").size == size


def test_a_file_that_ends_before_its_header_is_refused() -> None:
    head, size = shape_gguf.header(SAID, ROWS)
    with pytest.raises(BadModelFile, match="far is truncated"):
        read_from(Far(head[:300], 100), size, "far")


def test_an_endless_header_is_refused_before_it_is_fetched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(gguf_reader, "MOST_HEADER", 4096)
    with pytest.raises(BadModelFile, match="longer than"):
        read_from(Far(WHOLE, 1000), len(WHOLE), "far")


@settings(deadline=None, max_examples=200)
@given(data=st.binary(max_size=200), size=st.integers(0, 1 << 40))
def test_any_bytes_are_refused_with_our_error(data: bytes, size: int) -> None:
    begin = b"GGUF" + struct.pack("<I", 3)
    with pytest.raises(BadModelFile):
        read_from(Far(begin + data, 64), size, "far")


def test_a_split_model_is_all_its_files(tmp_path: Path) -> None:
    first = shape_gguf.write(tmp_path / "m-00001-of-00002.gguf", SAID, ROWS[:1])
    rest = {"split.no": 1, "split.count": 2}
    second = shape_gguf.write(tmp_path / "m-00002-of-00002.gguf", rest, ROWS[1:])
    for name in (first, second):
        content = read_model(name)
        assert content.rows == ROWS
        assert content.architecture == "llama"
        assert content.size == first.stat().st_size + second.stat().st_size


def test_a_split_model_that_lacks_a_file_names_it(tmp_path: Path) -> None:
    first = shape_gguf.write(tmp_path / "m-00001-of-00002.gguf", SAID, ROWS)
    with pytest.raises(BadModelFile, match=r"m-00002-of-00002\.gguf cannot be read"):
        read_model(first)


def test_of_very_many_arrays_no_more_is_kept_than_a_model_needs(tmp_path: Path) -> None:
    said = SAID | {f"a{number}": [1] * 4096 for number in range(100)}
    metadata = read_file(shape_gguf.write(tmp_path / "a.gguf", said, ROWS)).metadata
    kept = [value for value in metadata.values() if isinstance(value, tuple)]
    assert sum(map(len, kept)) <= gguf_reader.MOST_NUMBERS
    assert metadata["llama.attention.head_count_kv"] == (4, 0, 4)
    assert metadata["a99"] == Long(4096)
