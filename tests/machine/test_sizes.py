import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.machine.sizes import GIB, MIB, bandwidth, parse, shown, shown_bandwidth


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("24GiB", 24 * GIB),
        ("24 gib", 24 * GIB),
        ("24G", 24 * GIB),
        ("512MiB", 512 * MIB),
        ("1.5GiB", 3 * GIB // 2),
        ("24GB", 24_000_000_000),
        ("1TiB", 1024 * GIB),
        ("0", 0),
        ("25769803776", 24 * GIB),
        ("100B", 100),
    ],
)
def test_sizes_are_read(text: str, size: int) -> None:
    assert parse(text) == size


@pytest.mark.parametrize("text", ["", "lots", "-1GiB", "24 GiB free", "GiB", "24Gb/s", "nan"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="write 24GiB"):
        parse(text)


def test_a_size_without_a_unit_is_refused_with_one() -> None:
    with pytest.raises(ConfigError, match="write 24GiB"):
        parse("24")


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (15.4 * GIB, "15.4 GiB"),
        (512 * MIB, "512 MiB"),
        (GIB - 1, "1.0 GiB"),
        (0, "0 B"),
        (1536 * GIB, "1.5 TiB"),
        (-2 * GIB, "-2.0 GiB"),
    ],
)
def test_sizes_are_shown(size: float, text: str) -> None:
    assert shown(size) == text


@given(st.integers(GIB, 1 << 45))
def test_what_is_shown_is_read_again(size: int) -> None:
    assert parse(shown(size)) == pytest.approx(size, rel=0.06)


@pytest.mark.parametrize(
    ("text", "rate"),
    [("1008", 1008e9), ("1008GB/s", 1008e9), ("1.8 TB/s", 1.8e12), ("60 GiB/s", 60 * GIB)],
)
def test_bandwidths_are_read(text: str, rate: float) -> None:
    assert bandwidth(text) == pytest.approx(rate)


@pytest.mark.parametrize("text", ["", "0", "fast", "1008GB", "-3"])
def test_what_is_no_bandwidth_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ConfigError, match="write 1008"):
        bandwidth(text)


def test_bandwidths_are_shown() -> None:
    assert shown_bandwidth(1008e9) == "1,008 GB/s"
    assert shown_bandwidth(9.5e9) == "9.5 GB/s"


@pytest.mark.parametrize("text", ["9" * 400 + "GiB", "9" * 400, "1e400GiB"])
def test_what_no_machine_has_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text)
    with pytest.raises(ConfigError):
        bandwidth(text)
