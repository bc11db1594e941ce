"""A GPU that comes with several memories is not one of them by chance."""

import pytest

from homeward.errors import ConfigError
from homeward.machine.scan.given import given_gpus
from homeward.machine.scan.overrides import Overrides
from homeward.machine.sizes import GIB


def gib(name: str, vram: int | None = None, ram: int | None = None) -> float:
    said = Overrides(
        gpu=name, vram=None if vram is None else vram * GIB, ram=None if ram is None else ram * GIB
    )
    given = given_gpus(said)
    assert given is not None
    return given.gpus[0].total / GIB


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("RTX 3060", 'RTX 3060 comes with 8 or 12 GiB: say --gpu "RTX 3060 12GB", or --vram'),
        ("A100", 'A100 comes with 40 or 80 GiB: say --gpu "A100 80GB", or --vram'),
        ("RTX 4060 Ti", "8 or 16 GiB"),
        ("Tesla V100", "16 or 32 GiB"),
        ("M4 Max", "Apple M4 Max comes with 36, 48, 64 or 128 GiB: .*--ram 128GiB"),
    ],
)
def test_a_name_with_several_memories_is_asked_for(name: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        gib(name)


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("RTX 3060 12GB", 12),
        ("RTX 3060 8GB", 8),
        ("A100 80GB", 80),
        ("A100 SXM4 40GB", 40),
        ("M4 Max 64GB", 48),  # three quarters of it
        ("RTX 4090", 24),
    ],
)
def test_a_memory_in_the_name_is_enough(name: str, size: int) -> None:
    assert gib(name) == size


@pytest.mark.parametrize(
    ("name", "size"), [("H100", 80), ("H100 SXM5", 80), ("RTX 3080 Ti", 12), ("GTX 1060", 6)]
)
def test_what_was_hardly_ever_sold_is_not_meant(name: str, size: int) -> None:
    assert gib(name) == size


def test_a_memory_that_it_does_not_come_with_is_refused() -> None:
    with pytest.raises(ConfigError, match="RTX 4090 comes with 24 GiB"):
        gib("RTX 4090 48GB")


def test_vram_chooses_among_them() -> None:
    given = given_gpus(Overrides(gpu="RTX 3060", vram=12 * GIB))
    assert given is not None
    assert given.gpus[0].bandwidth == pytest.approx(360e9)


def test_main_memory_says_nothing_of_a_card_with_its_own() -> None:
    with pytest.raises(ConfigError, match="8 or 12 GiB"):
        gib("RTX 3060", ram=12)
    assert gib("H100", ram=64) == 80


def test_main_memory_chooses_where_it_is_shared() -> None:
    assert gib("M4 Max", ram=36) == 27
