from hypothesis import given
from hypothesis import strategies as st

from homeward import ggml


def test_a_block_of_q4_k_has_256_weights_in_144_bytes() -> None:
    assert ggml.BLOCKS["Q4_K"] == (256, 144)


def test_mxfp4_takes_four_bits_and_a_shared_exponent() -> None:
    assert ggml.bits("MXFP4") == 4.25  # OCP Microscaling 1.0: 32 numbers, 8 bits of scale


def test_a_tensor_ends_with_a_whole_block() -> None:
    assert ggml.size((257,), "Q6_K") == 2 * 210


def test_plain_numbers_need_no_blocks() -> None:
    assert ggml.size((3, 5, 7), "F16") == 2 * 3 * 5 * 7


def test_every_type_has_one_number_and_one_name() -> None:
    assert len(ggml.BLOCKS) == len(ggml.TENSORS)


@given(st.sampled_from(sorted(ggml.BLOCKS)), st.integers(1, 1 << 40))
def test_a_tensor_never_takes_less_than_its_bits(kind: str, numbers: int) -> None:
    assert 8 * ggml.size((numbers,), kind) >= numbers * ggml.bits(kind) * (1 - 1e-12)
