"""Build the catalogue that is shipped: ``python models/catalogue/build.py FOLDER``.

FOLDER has the tables of published shapes (`arch_official_models.csv`,
`litgpt/litgpt_configs.json`, `transformers/config_defaults.json`). What they lack or have wrong is
written by hand, with its source, in ``families/*.yaml``; licences and published scores are in
``licences.yaml`` and ``evidence.yaml`` beside this file. Writes ``models.json`` and
``licences.json`` in ``src/homeward/machine/catalogue``, one row a line.
"""

import csv
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import yaml
from strengths import strengths

from homeward.machine.catalogue.entry import Entry, Evidence, Licence
from homeward.machine.catalogue.names import key, names
from homeward.machine.shapes import Shapes
from homeward.machine.weights.weigh import weigh

HERE = Path(__file__).parent
TARGET = HERE.parents[1] / "src" / "homeward" / "machine" / "catalogue"

FIELDS = frozenset(Shapes.__struct_fields__)
COLUMNS = {
    "params": "parameters",
    "layers": "layers",
    "hidden": "hidden",
    "heads": "heads",
    "kv_heads": "kv_heads",
    "head_dim": "head_dim",
    "vocab": "vocab",
    "context": "context",
    "num_experts": "experts",
    "experts_per_tok": "experts_used",
}
"""Of the table of publishers, by the field that they fill."""

LITGPT = {
    "n_layer": "layers",
    "n_embd": "hidden",
    "n_head": "heads",
    "n_query_groups": "kv_heads",
    "head_size": "head_dim",
    "intermediate_size": "ffn",
    "block_size": "context",
    "vocab_size": "vocab",
    "sliding_window_size": "window",
    "n_expert": "experts",
    "n_expert_per_token": "experts_used",
}
TRANSFORMERS = {
    "num_hidden_layers": "layers",
    "hidden_size": "hidden",
    "num_attention_heads": "heads",
    "num_key_value_heads": "kv_heads",
    "head_dim": "head_dim",
    "intermediate_size": "ffn",
    "vocab_size": "vocab",
    "max_position_embeddings": "context",
    "tie_word_embeddings": "tied",
    "sliding_window": "window",
    "kv_lora_rank": "kv_lora_rank",
    "q_lora_rank": "q_lora_rank",
    "qk_rope_head_dim": "rope_dim",
    "qk_nope_head_dim": "nope_dim",
    "v_head_dim": "value_dim",
    "first_k_dense_replace": "dense_layers",
    "moe_intermediate_size": "expert_ffn",
    "shared_expert_intermediate_size": "shared_expert_ffn",
    "num_experts_per_tok": "experts_used",
}
PACKAGERS = ("ggml-org", "unsloth", "bartowski", "lmstudio-community")
"""Whose conversions are listed, beside the publisher's own."""


class Sources:
    """The tables, by the name that a row of theirs has."""

    def __init__(self, folder: Path) -> None:
        with (folder / "arch_official_models.csv").open(newline="") as file:
            self.published = {row["hf_id"]: row for row in csv.DictReader(file)}
        litgpt = json.loads((folder / "litgpt" / "litgpt_configs.json").read_text())
        self.litgpt = {row["name"]: row for row in litgpt}
        path = folder / "transformers" / "config_defaults.json"
        self.transformers = json.loads(path.read_text())


def models(sources: Sources) -> Iterator[Entry]:
    made: dict[str, Entry] = {}
    for path in sorted((HERE / "families").glob("*.yaml")):
        for family in yaml.safe_load_all(path.read_text()):
            for row in family["models"]:
                try:
                    entry = _entry(sources, family, row, made)
                except (KeyError, ValueError, TypeError) as error:
                    raise SystemExit(f"{path.name}: {row.get('name')}: {error!r}") from error
                made[entry.name] = entry
                yield entry


def unambiguous(found: list[Entry]) -> list[Entry]:
    """The same; stops where two models have one name."""
    known: dict[str, str] = {}
    for entry in found:
        for name in (*names(entry), *entry.base):
            other = known.setdefault(key(name), entry.name)
            if other != entry.name:
                raise SystemExit(f"{name!r} is a name of {other} and of {entry.name}")
    return found


def with_evidence(found: list[Entry]) -> list[Entry]:
    """With the published scores, and what they say of each task."""
    groups = yaml.safe_load((HERE / "evidence.yaml").read_text())
    by_model: dict[str, list[Evidence]] = {entry.name: [] for entry in found}
    scores: dict[str, dict[str, float]] = {}
    for benchmark, parts in groups.items():
        for part in parts:
            for model, score in part["scores"].items():
                if model not in by_model:
                    raise SystemExit(f"evidence.yaml: {benchmark}: there is no model {model}")
                by_model[model].append(
                    Evidence(benchmark=benchmark, score=score, source=part["source"])
                )
                scores.setdefault(benchmark, {})[model] = score
    tasks = strengths(scores)
    return [
        msgspec.structs.replace(
            entry, evidence=tuple(by_model[entry.name]), tasks=tasks.get(entry.name, {})
        )
        for entry in found
    ]


def _entry(
    sources: Sources, family: Mapping[str, Any], row: dict[str, Any], made: Mapping[str, Entry]
) -> Entry:
    """A row of a family's file. Later sources win: tables, another row, the family, the row."""
    row = {**{k: v for k, v in family.items() if k not in ("models", "shapes", "source")}, **row}
    by_hand = row.pop("source", family.get("source", ""))
    shapes: dict[str, Any] = {}
    provenance: dict[str, str] = {}
    published = sources.published.get(row.pop("row", row["repository"]), {})

    def take(found: Mapping[str, Any], source: str) -> None:
        for field, value in found.items():
            if field not in FIELDS:
                raise ValueError(f"shapes have no field {field}")
            if shapes.get(field) != value:
                shapes[field] = value
                provenance[field] = source

    if "transformers" in row:
        kind = row.pop("transformers")
        take(
            _renamed(sources.transformers[kind]["defaults"], TRANSFORMERS), f"transformers: {kind}"
        )
    if published:
        take(_published(published), f"llmfit: {published['hf_id']}{_mirror(published)}")
    if "litgpt" in row:
        name = row.pop("litgpt")
        take(_litgpt(sources.litgpt[name]), f"litgpt: {name}")
    if "like" in row:
        other = made[row.pop("like")]
        copied = msgspec.to_builtins(other.shapes)
        copied.pop("name")
        if published:
            copied.pop("parameters", None), copied.pop("context", None)
        take(copied, f"as {other.name}")
    own = {key: row.pop(key) for key in list(row) if key in FIELDS - {"name"}}
    take(family.get("shapes", {}), by_hand)
    take(own, by_hand)
    if shapes.get("kv_lora_rank"):
        shapes.pop("head_dim", None), shapes.pop("kv_heads", None)
    shapes = {field: value for field, value in shapes.items() if value is not None}
    if published:
        row.setdefault("licence", published["license"])
        row.setdefault("released", published["release_date"])
    row["gguf"] = _gguf(row, published)
    row = {field: value for field, value in row.items() if value is not None}
    if active := _active(shapes):
        shapes["active_parameters"] = active
        provenance["active_parameters"] = "counted from the shapes, without the embedding"
    where = {field: source for field, source in provenance.items() if field in shapes}
    return msgspec.convert(
        {**row, "shapes": {"name": row["name"], **shapes}, "provenance": _folded(where)}, Entry
    )


def _published(row: Mapping[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = {
        field: int(row[column]) for column, field in COLUMNS.items() if row[column]
    }
    if row["ffn_or_moe_ffn"]:
        found["expert_ffn" if "experts" in found else "ffn"] = int(row["ffn_or_moe_ffn"])
    return found


def _litgpt(row: Mapping[str, Any]) -> dict[str, Any]:
    found = _renamed({"n_head": 32, "n_embd": 4096, **row}, LITGPT)
    found.setdefault("head_dim", found["hidden"] // found["heads"])
    found.setdefault("kv_heads", found["heads"])
    if row.get("padded_vocab_size") and "vocab" not in found:
        found["vocab"] = row["padded_vocab_size"]
    if "experts" in found:
        found["expert_ffn"] = found.pop("ffn")
    found.pop("window", None)  # of Mistral 7B v0.1 alone, and llama.cpp does not use it
    return found


def _active(shapes: Mapping[str, Any]) -> int:
    """Parameters that are read for one token, where experts take turns."""
    found = msgspec.convert(shapes, Shapes)
    return weigh(found, "F16").active_parameters if found.experts and found.whole else 0


def _renamed(row: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {field: row[key] for key, field in names.items() if row.get(key) is not None}


def _mirror(row: Mapping[str, str]) -> str:
    _, colon, name = row["arch_source"].partition(":")
    return f" (from {name})" if colon else ""


def _gguf(row: Mapping[str, Any], published: Mapping[str, str]) -> tuple[str, ...]:
    own = row["repository"].partition("/")[0]
    listed = published.get("gguf_repos", "").split(";") if published else []
    known = [each for each in listed if each.partition("/")[0] in (own, *PACKAGERS)]
    return tuple(dict.fromkeys([*row.get("gguf", ()), *known]))


def _folded(provenance: Mapping[str, str]) -> dict[str, str]:
    """By field, the fields of one source together: ``layers hidden heads``."""
    by_source: dict[str, list[str]] = {}
    for field, source in provenance.items():
        by_source.setdefault(source, []).append(field)
    return {" ".join(fields): source for source, fields in by_source.items()}


def write(path: Path, rows: list[Any]) -> None:
    lines = [msgspec.json.encode(row).decode() for row in rows]
    path.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    print(f"{path.name}: {len(rows)} rows, {path.stat().st_size:,} bytes")


def licences() -> list[Licence]:
    return msgspec.convert(yaml.safe_load((HERE / "licences.yaml").read_text()), list[Licence])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("name the folder with the tables: python models/catalogue/build.py FOLDER")
    known = licences()
    keys = {each.key for each in known}
    found = unambiguous(list(models(Sources(Path(sys.argv[1])))))
    for entry in found:
        if entry.licence not in keys:
            raise SystemExit(f"licences.yaml lacks {entry.licence!r}, of {entry.name}")
    write(TARGET / "models.json", with_evidence(found))
    write(TARGET / "licences.json", known)
