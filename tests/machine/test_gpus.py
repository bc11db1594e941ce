"""Names as drivers write them, and the figures of makers' data sheets beside them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.machine.estimate import How
from homeward.machine.gpus import Row, basis, flops_basis, lookup, rows, typical
from homeward.machine.sizes import GIB


@pytest.mark.parametrize(
    ("name", "gib", "bandwidth"),
    [
        ("NVIDIA GeForce RTX 4090", 24, 1008),
        ("NVIDIA GeForce RTX 4090 Laptop GPU", 16, 576),
        ("NVIDIA GeForce RTX 4070", 12, 504),
        ("NVIDIA GeForce RTX 4070 Ti", 12, 504),
        ("NVIDIA GeForce RTX 4070 Ti SUPER", 16, 672),
        ("NVIDIA GeForce RTX 3060", 12, 360),
        ("NVIDIA GeForce RTX 3080 Ti", 12, 912),
        ("NVIDIA GeForce RTX 5060", 8, 448),
        ("NVIDIA GeForce RTX 5090", 32, 1792),
        ("NVIDIA GeForce RTX 2080 with Max-Q Design", 8, 384),
        ("NVIDIA GeForce GTX 1060 6GB", 6, 192),
        ("NVIDIA A100 80GB PCIe", 80, 1935),
        ("NVIDIA A100-SXM4-40GB", 40, 1555),
        ("NVIDIA A100-SXM4-80GB", 80, 2039),
        ("NVIDIA H100 80GB HBM3", 80, 3350),
        ("NVIDIA H100 PCIe", 80, 2039),
        ("NVIDIA H200", 141, 4800),
        ("NVIDIA L40S", 48, 864),
        ("NVIDIA A10G", 23, 600),
        ("Tesla V100-SXM2-16GB", 16, 900),
        ("Tesla T4", 15, 320),
        ("NVIDIA RTX A6000", 48, 768),
        ("NVIDIA RTX 6000 Ada Generation", 48, 960),
        ("Quadro RTX 6000", 24, 672),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", 96, 1792),
        ("NVIDIA RTX 5000 Ada Generation Laptop GPU", 16, 576),
        ("NVIDIA GB10", None, 273),
        ("NVIDIA Jetson AGX Orin Developer Kit", 61, 204.8),
        ("AMD Radeon RX 7900 XTX", 24, 960),
        ("AMD Radeon RX 7900 XT", 20, 800),
        ("AMD Radeon RX 9070", 16, 644),
        ("AMD Radeon AI PRO R9700", 32, 644),
        ("AMD Instinct MI300X", 192, 5300),
        ("AMD RYZEN AI MAX+ 395 w/ Radeon 8060S", None, 256),
        ("AMD Instinct MI250X", 64, 1638),  # of one of its two dies
        ("AMD Radeon PRO W7500", 8, 172),
        ("Intel(R) Arc(TM) A770 Graphics", 16, 512),
        ("Intel(R) Arc(TM) A770 Graphics", 8, 512),
        ("Apple M4 Pro", 48, 273),
        ("Apple M3 Max", 36, 300),
        ("Apple M3 Max", 128, 400),
        ("Apple M4 Max", 36, 410),
        ("Apple M4 Max", 64, 546),
        ("Apple M2 Ultra", 192, 800),
        ("Apple M3 Ultra", 256, 819),
    ],
)
def test_a_gpu_is_found_by_its_name(name: str, gib: int | None, bandwidth: float) -> None:
    row = lookup(name, None if gib is None else gib * GIB)
    assert row is not None
    assert row.bandwidth == pytest.approx(bandwidth * 1e9, rel=0.02)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "llvmpipe",
        "AMD Radeon Graphics",
        "NVIDIA GeForce RTX 9990",
        "NVIDIA RTX PRO 5000 Blackwell Generation Laptop GPU",  # only the desktop's is there
        "NVIDIA GeForce RTX 4070 Ti SUPER Laptop GPU",  # there is none
        "AMD Radeon RX 6800/6800 XT / 6900 XT",  # one of three
        "Apple M9 Max",
    ],
)
def test_none_is_better_than_another(name: str) -> None:
    assert lookup(name, 16 * GIB) is None


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("rtx 4090", "GeForce RTX 4090"),
        ("4090", "GeForce RTX 4090"),
        ("RTX4070Ti", "GeForce RTX 4070 Ti"),
        ("7900XTX", "Radeon RX 7900 XTX"),
        ("M4 Max", "Apple M4 Max"),
        ("RTX 4090 laptop", "GeForce RTX 4090 Mobile"),
        ("Strix Halo", "Radeon 8060S"),
        ("DGX Spark", "GB10"),
    ],
)
def test_people_write_names_in_short(said: str, name: str) -> None:
    row = lookup(said)
    assert row is not None
    assert row.name == name


def test_a_size_in_the_name_decides() -> None:
    small, large = lookup("RTX 4060 Ti 8GB"), lookup("RTX 4060 Ti 16GB")
    assert small is not None
    assert large is not None
    assert (small.memory, large.memory) == ((8 * GIB,), (16 * GIB,))


@pytest.mark.parametrize(
    ("pci", "name"),
    [
        ("744c:c8", "Radeon RX 7900 XTX"),
        ("744C:CC", "Radeon RX 7900 XT"),
        ("1586:c1", "Radeon 8060S"),
        ("56a0:08", "Arc A770"),
        ("1638:c4", "Radeon Vega 7"),  # of any revision
    ],
)
def test_an_id_goes_before_a_name(pci: str, name: str) -> None:
    row = lookup("AMD Radeon Graphics", 16 * GIB, pci)
    assert row is not None
    assert row.name == name


def test_an_id_of_several_gpus_says_nothing() -> None:
    assert lookup("", 16 * GIB, "744c:99") is None


def test_what_nobody_checked_is_assumed() -> None:
    sure, unsure = lookup("Apple M4 Max", 64 * GIB), lookup("Apple M4 Max", 36 * GIB)
    assert sure is not None
    assert unsure is not None
    assert (basis(sure).how, basis(unsure).how) == (How.TABLE, How.ASSUMED)
    assert flops_basis(sure).how is How.ASSUMED


def test_every_row_says_where_it_is_from() -> None:
    assert all(row.source for row in rows())


@given(st.sampled_from(rows()))
def test_every_row_is_found_by_its_own_name(row: Row) -> None:
    found = lookup(row.name, row.memory[0] if row.memory else None)
    assert found is not None
    assert (found.memory, found.mobile) == (row.memory, row.mobile)


def test_a_card_of_which_only_the_memory_is_known_is_like_others() -> None:
    found = typical(24 * GIB)
    assert found is not None
    assert found[0].low < found[0].mid < found[0].high
    assert 5e11 < found[0].mid < 1.1e12


def test_no_card_has_so_much() -> None:
    assert typical(1000 * GIB) is None
