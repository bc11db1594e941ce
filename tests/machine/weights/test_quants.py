import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.machine.weights.quants import ALIASES, QUANTS, named


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("q4_k_m", "Q4_K_M"),
        (" Q4-K-M ", "Q4_K_M"),
        ("Q4_K", "Q4_K_M"),
        ("fp16", "F16"),
        ("bf16", "BF16"),
        ("mxfp4", "MXFP4_MOE"),
        ("ud-q4_k_xl", "UD-Q4_K_XL"),
        ("UD_IQ1_S", "UD-IQ1_S"),
        ("Q4_K_XL", "UD-Q4_K_XL"),
        ("q4_k_l", "Q4_K_L"),
    ],
)
def test_names_are_read_as_people_write_them(said: str, meant: str) -> None:
    assert named(said) == meant


def test_an_unknown_name_gets_near_ones() -> None:
    with pytest.raises(ConfigError, match=r"'Q4_K_N' is no quantisation .* Q4_K_M"):
        named("Q4_K_N")


def test_a_name_like_none_gets_the_usual_ones() -> None:
    with pytest.raises(ConfigError, match="try Q4_K_M, Q8_0, F16"):
        named("@@@")


@given(st.sampled_from(QUANTS))
def test_a_name_names_itself(quant: str) -> None:
    assert named(quant) == named(quant.lower()) == quant


def test_an_alias_leads_to_a_name() -> None:
    assert set(ALIASES.values()) <= set(QUANTS)
