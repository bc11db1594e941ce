"""The JSON Schema for editors: it allows what may be written, and little else."""

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from homeward.config import kinds, schema
from tests.config.test_examples import EXAMPLES

SCHEMA = schema()
VALIDATOR = Draft202012Validator(SCHEMA)


def valid(text: str) -> bool:
    return VALIDATOR.is_valid(yaml.safe_load(text))


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_the_schema_is_json() -> None:
    assert json.loads(json.dumps(SCHEMA)) == SCHEMA


@pytest.mark.parametrize("table", kinds.TABLES)
def test_every_kind_is_in_it(table: str) -> None:
    node = SCHEMA["$defs"][table]["anyOf"][1]
    assert list(node["properties"]) == list(kinds.names(table))
    assert len(node["properties"]) >= 4


CALLS = {name: found for name, found in SCHEMA["$defs"].items() if name not in kinds.TABLES}


@pytest.mark.parametrize("name", CALLS)
def test_every_kind_says_in_a_sentence_what_it_is(name: str) -> None:
    sentence = CALLS[name]["description"]
    assert len(sentence) > 10
    assert sentence.endswith(".")


def test_a_field_tells_its_default_and_what_the_docstring_says_of_it() -> None:
    fields = CALLS["Ensemble"]["anyOf"][0]["properties"]
    assert fields["margin"]["default"] == 1.0
    assert fields["quorum"]["description"].startswith("Once `quorum` members have answered")


def test_every_kind_has_its_fields() -> None:
    nodes = [SCHEMA["$defs"][table]["anyOf"][1] for table in kinds.TABLES]
    named = {ref["$ref"] for node in nodes for ref in node["properties"].values()}
    assert named == {f"#/$defs/{name}" for name in CALLS}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_valid(path: Path) -> None:
    assert valid(path.read_text())


@pytest.mark.parametrize(
    "node",
    [
        "{echo: hello}",
        "{echo: {}}",
        "b",
        "{fallback: [a, {echo: {}}]}",
        "{fallback: {models: {x: a, y: b}}}",
        "{recorded: {table: t.jsonl.gz, model: m}}",
        "{ensemble: {models: [a, b, c], merge: {vote: {type: number}}}}",
        "{ensemble: {models: [a, b, c], merge: concat}}",
        "{cascade: {drafts: [a], final: b, accept: {agreement: {with: c, type: number}}}}",
        "{hedge: {models: [a, b], after: 2s}}",
        "{hedge: {models: [a, b], after: 2}}",
        "{router: {by: task, code: a, else: b}}",
        "{router: {by: {rules: {code: 'def ', short: [hi]}}, code: {echo: {}}, else: b}}",
        "{router: {by: {learned: r}, small: a, large: b, else: b}}",
        "{router: {by: {learned: {name: support, spend: 0.2, stay: 0}}, small: a, else: b}}",
        "{router: {by: {first: [{rules: {a: x}}, {learned: {path: r}}]}, a: b, else: c}}",
        "{router: {by: {first: {signals: [task, {judge: {model: a, labels: {x: y}}}]}}, else: c}}",
        "{cascade: {drafts: [a], final: b, accept: {learned: {path: r, with: [c]}}}}",
        "{cascade: {drafts: [a], final: b, accept: {judge: {model: c, alternatives: null}}}}",
        "{cascade: {drafts: [a], final: b, accept: {promised: {check: {learned: r}, path: p}}}}",
        "{cascade: {drafts: [a], final: b, accept: {combined: {path: p, checks: {x: format}}}}}",
        "{cascade: {drafts: [a], final: b, accept: {combined: {path: p, checks: "
        "{agreement: {agreement: {with: [c], type: number}}, sums: arithmetic}}}}}",
        "{'my.module:MyStrategy': {anything: 1}}",
        "{limited: {model: a, at_once: '${N}'}}",
    ],
)
def test_what_may_be_written_is_valid(node: str) -> None:
    assert valid(f"models: {{a: {node}}}")


@pytest.mark.parametrize(
    "text",
    [
        "models: {}",
        "modls: {a: {echo: {}}}",
        "models: {a: {ecko: {}}}",
        "models: {a: {echo: {prefiks: x}}}",
        "models: {a: {limited: {at_once: 2}}}",
        "models: {a: {limited: {model: b, at_once: two}}}",
        "models: {a: {hedge: {models: [b], after: soon}}}",
        "models: {a: {router: {by: tsk, else: b}}}",
        "models: {a: {echo: {}, scripted: {}}}",
        "models: {a: {scripted: {where: moon}}}",
        "models: {a: {echo: {}}}\nclearance: moon",
        "models: {a: {ensemble: {models: [b], merge: {vote: {tpye: number}}}}}",
        "models: {a: {router: {by: {learned: {folder: r}}, else: b}}}",
        "models: {a: {router: {by: {first: {signals: [lerned]}}, else: b}}}",
        "models: {a: {cascade: {drafts: [b], final: c, accept: {promised: {path: p}}}}}",
        "models: {a: {cascade: {drafts: [b], final: c, accept: {combined: {path: p}}}}}",
        "models: {a: {cascade: {drafts: [b], final: c, accept: {judge: {model: b, logprobs: 1}}}}}",
    ],
)
def test_a_mistake_is_not_valid(text: str) -> None:
    assert not valid(text)
