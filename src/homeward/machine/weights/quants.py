"""The names of quantisations: which there are, and which one somebody means."""

from difflib import get_close_matches

from homeward.errors import ConfigError
from homeward.machine.shapes import Shapes
from homeward.machine.weights.mixes import BASE

WIDE_ENDS = {
    "Q2_K_L": "Q2_K",
    "Q3_K_XL": "Q3_K_L",
    "Q4_K_L": "Q4_K_M",
    "Q5_K_L": "Q5_K_M",
    "Q6_K_L": "Q6_K",
}
"""Mixes whose embedding and output are Q8_0, as some publishers offer them, and what they are
elsewhere."""

DYNAMIC = {
    "UD-IQ1_S": "IQ1_S",
    "UD-IQ1_M": "IQ1_M",
    "UD-IQ2_XXS": "IQ2_XXS",
    "UD-IQ2_M": "IQ2_M",
    "UD-Q2_K_XL": "Q2_K",
    "UD-IQ3_XXS": "IQ3_XXS",
    "UD-IQ3_S": "IQ3_S",
    "UD-Q3_K_XL": "Q3_K_M",
    "UD-IQ4_XS": "IQ4_XS",
    "UD-IQ4_NL": "IQ4_NL",
    "UD-Q4_K_XL": "Q4_K_M",
    "UD-Q5_K_XL": "Q5_K_M",
    "UD-Q6_K_XL": "Q6_K",
    "UD-Q8_K_XL": "Q8_0",
}
"""Unsloth's dynamic quantisations, and the mix that each is nearest to. Their types differ from
model to model, so that only a file tells their size."""

BANDS = {
    "UD-IQ1_S": (1.0, 1.45),
    "UD-IQ1_M": (1.0, 1.45),
    "UD-IQ2_XXS": (1.0, 1.35),
    "UD-IQ2_M": (0.93, 1.2),
    "UD-Q2_K_XL": (0.9, 1.15),
    "UD-Q6_K_XL": (0.98, 1.18),
    "UD-Q8_K_XL": (1.0, 1.3),
}
"""Least and most, times the size of that mix. Assumed, from what such files take; not measured."""

USUAL = "Q4_K_M"
"""What publishers and runtimes give by default."""

BORN = {"gpt-oss": "MXFP4_MOE"}
"""What a model is published in where that is no 16 bits, by architecture."""

QUANTS = (*BASE, *WIDE_ENDS, *DYNAMIC)
"""All names that `named` gives."""

ALIASES = {
    "Q2_K_M": "Q2_K",
    "Q3_K": "Q3_K_M",
    "Q4_K": "Q4_K_M",
    "Q5_K": "Q5_K_M",
    "Q6_K_M": "Q6_K",
    "Q8": "Q8_0",
    "MXFP4": "MXFP4_MOE",
    "FP16": "F16",
    "FLOAT16": "F16",
    "FP32": "F32",
    "FLOAT32": "F32",
    "BFLOAT16": "BF16",
    **{name.removeprefix("UD-"): name for name in DYNAMIC if name.endswith("_XL")},
    "Q3_K_XL": "Q3_K_XL",  # both publishers use this name: bare, it is the one without UD-
}


def usual(shapes: Shapes) -> str:
    """What is supposed where none is named: `USUAL`, but the publisher's own where a model was
    trained for it.
    """
    return BORN.get(shapes.architecture, USUAL)


def named(text: str) -> str:
    """The name as QUANTS has it: ``q4-k-m`` is Q4_K_M. ConfigError lists near ones otherwise."""
    asked = text.strip().upper().replace("-", "_").replace(" ", "_")
    asked = asked.replace("UD_", "UD-", 1) if asked.startswith("UD_") else asked
    found = ALIASES.get(asked, asked)
    if found in QUANTS:
        return found
    near = get_close_matches(asked, QUANTS, n=4, cutoff=0.5) or ["Q4_K_M", "Q8_0", "F16"]
    raise ConfigError(f"{text!r} is no quantisation that is known: try {', '.join(near)}")


def dynamic_band(quant: str) -> tuple[float, float]:
    """Least and most, times the size of the nearest mix."""
    return BANDS.get(quant, (0.92, 1.12))


def mix(quant: str) -> str:
    """The mix by whose rules a quantisation is computed."""
    return WIDE_ENDS.get(quant) or DYNAMIC.get(quant) or quant
