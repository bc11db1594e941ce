"""Shapes that a user gives in a JSON file: in the catalogue's terms, or a model's ``config.json``.

The columns of publishers' tables are understood too: params, num_experts, hf_id, attention_pattern.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches
from math import prod
from pathlib import Path
from typing import Any

import msgspec
from msgspec import structs

from homeward.errors import ConfigError
from homeward.machine.formats import attention_patterns as patterns
from homeward.machine.formats.config_file import TEXT, TIED, architecture
from homeward.machine.formats.gguf_metadata import MOST, MOST_LAYERS
from homeward.machine.shapes import Recurrent, Shapes

FIELDS = Shapes.__struct_fields__

ALIASES = {
    "params": "parameters",
    "active_params": "active_parameters",
    "hf_id": "name",
    "num_experts": "experts",
    "experts_per_tok": "experts_used",
    "sliding_window": "window",
    "attention_pattern": "pattern",
}

IGNORED = frozenset(
    {
        *("arch_source", "context_raw_llmfit", "downloads", "gguf_repos", "is_moe", "licence"),
        *("license", "likes", "notes", "release_date"),
    }
)
"""Columns of such tables that are about other things than shapes."""

CONFIG = frozenset({"architectures", "model_type", "num_hidden_layers", *TEXT})
"""What only a config.json has."""

PARAMETERS = frozenset({"parameters", "active_parameters"})
MOST_PARAMETERS = 10**15

LATENT = {"kv_lora_rank": 512, "rope_dim": 64, "nope_dim": 128, "value_dim": 128}
"""Of DeepSeek-V2 and V3, where a table says no more than that attention is latent."""

RANKS = {"mistral4": 256}
"""Where the compressed cache of an architecture has another width."""

DELTA = Recurrent(conv=4, inner=4096, state=128, groups=16, heads=32)
"""Of Qwen3-Next and Qwen3.5, where a table says no more than how often attention is full."""


def read(path: Path) -> Shapes:
    """ConfigError, naming the field, for one that is unknown, of a wrong kind or contradictory."""
    try:
        said = msgspec.json.decode(path.read_bytes())
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(f"{path} cannot be read ({reason}): name a JSON file") from None
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(f"{path} is no JSON ({error}): mend it") from None
    if isinstance(said, list) and len(said) == 1:
        said = said[0]
    if not isinstance(said, dict):
        raise ConfigError(f"{path} holds no object of shapes: write {{...}} with {_known()}")
    try:
        return shapes_from(said)
    except ConfigError as error:
        raise ConfigError(f"{path}: {error}") from None


def shapes_from(said: Mapping[str, Any]) -> Shapes:
    """From the fields of `Shapes`, of a publisher's table, or of a config.json. ConfigError."""
    if CONFIG & said.keys():
        from homeward.machine.formats.config_shapes import shapes_of_config

        shapes = shapes_of_config(said)
    else:
        shapes = _from_row(said)
    check(shapes)
    return shapes if CONFIG & said.keys() or "tied" in said else _perhaps_tied(shapes)


def _from_row(said: Mapping[str, Any]) -> Shapes:
    row: dict[str, Any] = {}
    for field, value in said.items():
        name = ALIASES.get(field, field)
        if field in IGNORED or value is None or value == "":
            continue
        if name not in FIELDS and name != "ffn_or_moe_ffn":
            near = get_close_matches(field, [*FIELDS, *ALIASES], 1)
            guess = f", do you mean {near[0]}?" if near else ""
            raise ConfigError(f"the field {field!r} is not known{guess} There are {_known()}")
        plain = _number(value)
        if name in row and row[name] != plain:
            raise ConfigError(f"{field} and {name} are the same and say different things: keep one")
        row[name] = plain
    if architecture_ := row.get("architecture"):
        row["architecture"] = architecture(str(architecture_))
    wide = row.pop("ffn_or_moe_ffn", None)
    if wide is not None:
        row.setdefault("expert_ffn" if row.get("experts") else "ffn", wide)
    words = row.pop("pattern", "F")
    shapes = _converted(row)
    if not isinstance(words, str):
        raise ConfigError(f"pattern is of a wrong kind ({words!r}): write letters such as WWWF")
    return structs.replace(shapes, **_of_words(words.strip(), shapes))


def _converted(row: Mapping[str, Any]) -> Shapes:
    try:
        return msgspec.convert(row, Shapes)
    except msgspec.ValidationError as error:
        field = re.search(r"\$\.(\w+)", str(error))
        what = field[1] if field else "a field"
        reason = str(error).partition(" - at ")[0].lower()
        raise ConfigError(f"{what} is of a wrong kind ({reason}): mend it") from None


def _perhaps_tied(shapes: Shapes) -> Shapes:
    """Tables do not say it, but one of both is nearer to the number of parameters."""
    from homeward.machine.weights.by_rule import complete
    from homeward.machine.weights.tensors import tensors

    one = structs.replace(shapes, tied=True)
    if shapes.architecture in TIED:
        return one
    if not (shapes.parameters and complete(shapes)):
        return shapes
    counted = {each.tied: sum(prod(part.shape) for part in tensors(each)) for each in (shapes, one)}
    return min((shapes, one), key=lambda each: abs(counted[each.tied] - shapes.parameters))


def _number(value: Any) -> Any:
    """Tables that went through CSV have their numbers as texts."""
    return int(value) if isinstance(value, str) and value.isdecimal() else value


def _known() -> str:
    return ", ".join(FIELDS)


# ---------------------------------------------------------------- patterns in words


def _of_words(words: str, shapes: Shapes) -> dict[str, Any]:
    """The fields that ``swa:4096,period4`` and the like mean; letters stay as they are."""
    if re.fullmatch(r"[FWRB-]+", words):
        return {"pattern": words}
    named = shapes.architecture
    period = patterns.windowed(named, shapes.layers)
    if match := re.match(r"(?:swa|chunked)(?::(\d{1,9}))?,(?:period(\d{1,3})(?!\d)|array)", words):
        window = int(match[1] or shapes.window or patterns.USUAL.get(named, 0))
        if match[2]:
            period = patterns.of_period(int(match[2]), full_first=period.startswith("F"))
        if "(32B)" in words and shapes.layers != 64:
            period = "F"
        return {"pattern": period, "window": window} if window and "W" in period else {}
    if match := re.fullmatch(r"hybrid:full every ([1-9]\d?)", words):
        return {"pattern": patterns.every(int(match[1])), "recurrent": shapes.recurrent or DELTA}
    if words.startswith("mla"):
        latent = {**LATENT, "kv_lora_rank": RANKS.get(named, LATENT["kv_lora_rank"])}
        said = {field: getattr(shapes, field) or usual for field, usual in latent.items()}
        return {"head_dim": 0, "kv_heads": 0, **said}
    if words == "hybrid mamba" and named == "jamba":
        return {"pattern": "RRRRFRRR"}
    if words == "ssm":
        return {"pattern": "R"}
    if words in ("full", "dsv4") or words.startswith(("hybrid", "linear", "parallel")):
        return {}  # which layers attend is not said: as if all did, which is the most it can be
    raise ConfigError(
        f"the pattern {words!r} is not known: write a letter for each layer, F full attention, W "
        "a window, R recurrent, B both, - neither; it is repeated to the last layer"
    )


# ---------------------------------------------------------------- contradictions


def check(shapes: Shapes) -> None:
    """ConfigError where one field does not go with another."""
    for field, value in structs.asdict(shapes).items():
        values = value if isinstance(value, tuple) else (value,)
        if any(isinstance(each, int) and each < 0 for each in values):
            raise ConfigError(f"{field} is {value}, and it is a size: write 0 or more")
        most = MOST_PARAMETERS if field in PARAMETERS else MOST
        if any(isinstance(each, int) and each > most for each in values):
            raise ConfigError(f"{field} is more than {most:.0e}, which no model has: mend it")
        if isinstance(value, tuple) and len(value) != shapes.layers:
            raise ConfigError(
                f"{field} has {len(value)} numbers for {shapes.layers} layers: write one for each"
            )
    if shapes.layers > MOST_LAYERS:
        raise ConfigError(f"a model of {shapes.layers} layers cannot be: mend layers")
    if shapes.shared_kv_layers > shapes.layers:
        raise ConfigError(
            f"shared_kv_layers is {shapes.shared_kv_layers} and layers is {shapes.layers}: no more "
            "can share a cache than there are"
        )
    state = shapes.recurrent
    if state and not all(0 <= number <= MOST for number in structs.asdict(state).values()):
        raise ConfigError(f"recurrent has a number that is no size: write 0 to {MOST:.0e}")
    if state and not (state.conv and state.inner):
        raise ConfigError("recurrent needs conv and inner, 1 or more: say them")
    if not (shapes.parameters or (shapes.layers and shapes.hidden)):
        raise ConfigError("say at least parameters, or layers and hidden")
    if wrong := set(shapes.pattern) - set("FWRB-"):
        raise ConfigError(f"pattern has the letter {min(wrong)!r}: it is made of F, W, R, B and -")
    if shapes.layers and len(shapes.pattern) > shapes.layers:
        raise ConfigError(
            f"pattern has {len(shapes.pattern)} letters for {shapes.layers} layers: shorten it"
        )
    if shapes.experts_used > max(shapes.experts, 0):
        raise ConfigError(
            f"experts_used is {shapes.experts_used} and experts is {shapes.experts}: no more can "
            "be used than there are"
        )
    if shapes.layers and "W" in shapes.pattern and not shapes.window:
        raise ConfigError("pattern has layers with a window (W): say window, in tokens")
    if shapes.kv_lora_rank and not shapes.rope_dim:
        raise ConfigError("kv_lora_rank is said without rope_dim: latent attention has both")
    many = max(shapes.kv_heads) if isinstance(shapes.kv_heads, tuple) else shapes.kv_heads
    if shapes.heads and many > shapes.heads:
        raise ConfigError(
            f"kv_heads is {many} and heads is {shapes.heads}: no more can be shared than there are"
        )
