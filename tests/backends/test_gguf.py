"""The header of a GGUF file, and files that are none."""

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.backends.gguf import Header, human, read_header
from homeward.errors import BadModelFile
from tests.backends import tiny_gguf

WHOLE = tiny_gguf.build()
BEGIN = b"GGUF" + struct.pack("<IQQ", 3, 0, 1)


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("gguf") / "model.gguf"


def reading(path: Path, data: bytes) -> Header:
    path.write_bytes(data)
    return read_header(path)


def refused(path: Path, data: bytes) -> str:
    with pytest.raises(BadModelFile) as caught:
        reading(path, data)
    return str(caught.value)


def test_a_header_says_what_the_model_is(scratch: Path) -> None:
    assert reading(scratch, WHOLE) == Header(
        architecture="llama",
        name="tiny",
        context=4096,
        parameters=25_952,
        quantization="F32",
        license="apache-2.0",
        chat_template=True,
        size=len(WHOLE),
        cache=64,  # 1 layer, 2 heads, 8 numbers each for key and value, 2 bytes a number
    )


def test_a_truncated_file_says_how_much_is_there_and_how_to_mend_it(scratch: Path) -> None:
    scratch.write_bytes(WHOLE[:80_000])
    with pytest.raises(BadModelFile) as caught:
        read_header(scratch, mend="run `homeward pull org/repo` again")
    assert str(caught.value).endswith(
        "is truncated: 80.0 kB of 109.2 kB are there; run `homeward pull org/repo` again"
    )


@settings(deadline=None, max_examples=200)
@given(length=st.integers(0, len(WHOLE) - 1))
def test_no_part_of_a_file_passes_for_the_whole(scratch: Path, length: int) -> None:
    assert refused(scratch, WHOLE[:length])


@settings(deadline=None, max_examples=400)
@given(flips=st.dictionaries(st.integers(0, 6000), st.integers(1, 255), min_size=1, max_size=8))
def test_a_damaged_header_is_read_or_refused_and_nothing_else(
    scratch: Path, flips: dict[int, int]
) -> None:
    damaged = bytearray(WHOLE)
    for place, change in flips.items():
        damaged[place] ^= change
    with contextlib.suppress(BadModelFile):
        assert reading(scratch, bytes(damaged)).size == len(WHOLE)


def test_a_foreign_file_is_called_so(scratch: Path) -> None:
    assert "does not begin with GGUF" in refused(scratch, b"<html>not found</html>")
    assert "it is empty" in refused(scratch, b"")


def test_a_big_endian_or_ancient_file_is_refused(scratch: Path) -> None:
    assert "version 1" in refused(scratch, b"GGUF" + struct.pack("<IQQ", 1, 0, 0))
    assert "big-endian" in refused(scratch, b"GGUF" + struct.pack(">IQQ", 3, 0, 0))


@pytest.mark.parametrize(
    "hostile",
    [
        b"GGUF" + struct.pack("<IQQ", 3, 1 << 62, 1 << 62),
        BEGIN + struct.pack("<Q", 1 << 63),  # a key
        BEGIN + struct.pack("<QcIQ", 1, b"k", 8, 1 << 63),  # a string
        BEGIN + struct.pack("<QcIIQ", 1, b"k", 9, 4, 1 << 63),  # an array of numbers
        BEGIN + struct.pack("<QcIIQ", 1, b"k", 9, 8, 1 << 40),  # an array of strings
        BEGIN + struct.pack("<QcIIQ", 1, b"k", 9, 9, 1),  # an array of arrays
        BEGIN + struct.pack("<QcI", 1, b"k", 77),  # an unknown type
    ],
)
def test_lengths_that_cannot_be_are_refused(scratch: Path, hostile: bytes) -> None:
    assert refused(scratch, hostile)


def test_a_file_that_is_not_there_or_is_a_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadModelFile, match="no such file or directory"):
        read_header(tmp_path / "nothing.gguf")
    with pytest.raises(BadModelFile, match="cannot be read"):
        read_header(tmp_path)


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (4.7e9, "4.7 GB"), (3e15, "3000.0 TB")],
)
def test_sizes_are_told_as_people_say_them(size: float, words: str) -> None:
    assert human(size) == words
