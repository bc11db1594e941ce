"""What the nodes of a file become."""

import json
import math
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.backends.echo import Echo
from homeward.backends.scripted import Scripted
from homeward.config import Problem, WrongFile, parse
from homeward.config.build import Builder
from homeward.config.file import Config
from homeward.model import Clearance, Model
from homeward.signals.agreement import Agreement
from homeward.signals.numbers import Number
from homeward.signals.rules import Rules
from homeward.signals.task import Task
from homeward.strategies.cascade import Cascade
from homeward.strategies.ensemble import Ensemble
from homeward.strategies.fallback import Fallback
from homeward.strategies.limited import Limited
from homeward.strategies.router import Router
from homeward.strategies.vote import Vote
from tests.config.doubles import HERE, Colour, Inner, Passes, Picks, Plain, Says

LEAVES = "  a: {echo: {}}\n  b: {echo: {prefix: b}}\n  c: {echo: {prefix: c}}\n"


def built(node: str, environ: dict[str, str] | None = None, base: Path = Path()) -> Any:
    """The model ``x`` of a file with the leaves a, b and c before it."""
    config = parse(f"models:\n{LEAVES}  x: {node}\n", base=base, environ=environ or {})
    return tree(config)["x"]


def tree(config: Config) -> dict[str, Any]:
    return Builder(config.models, config.base).build()


def passes(fields: str, environ: dict[str, str] | None = None, base: Path = Path()) -> Passes:
    found = built(f"{{'{HERE}:Passes': {{model: a, {fields}}}}}", environ, base)
    assert isinstance(found, Passes)
    return found


def picks(fields: str) -> Picks:
    found = built(f"{{'{HERE}:Picks': {{{fields}}}}}")
    assert isinstance(found, Picks)
    return found


def problems(text: str) -> list[str]:
    with pytest.raises(WrongFile) as caught:
        parse(text, origin="f", environ={})
    assert all(isinstance(problem, Problem) for problem in caught.value.problems)
    return str(caught.value).splitlines()


def wrong(node: str) -> str:
    """The one problem of a node, which stands in line 5."""
    [found] = problems(f"models:\n{LEAVES}  x: {node}\n")
    return found


# ---------------------------------------------------------------- nodes and references


def test_a_node_is_a_constructor_call() -> None:
    assert built("{echo: {prefix: hello, model: e}}") == Echo("hello", "e")


def test_a_node_without_fields_may_be_empty() -> None:
    assert built("{echo: }") == built("{echo: {}}") == Echo()


def test_a_scalar_is_the_first_field() -> None:
    assert built("{echo: hello}") == Echo("hello")


def test_a_list_is_the_first_field() -> None:
    assert built("{fallback: [a, b]}") == Fallback({"a": Echo(), "b": Echo("b")})


def test_a_bare_string_is_a_reference() -> None:
    assert built("b") == Echo("b")


def test_a_reference_may_come_before_its_model() -> None:
    config = parse("models: {x: {limited: {model: y}}, y: {echo: {}}}")
    assert tree(config)["x"] == Limited(Echo())


def test_references_to_one_name_are_one_object() -> None:
    x = built("{fallback: [a, {limited: {model: a}}]}")
    first, second = x.models.values()
    assert first is second.model


def test_a_text_that_is_also_a_model_stays_a_text_where_no_model_belongs() -> None:
    assert built("{echo: {prefix: a}}") == Echo("a")


def test_names_live_on_edges() -> None:
    x = built("{fallback: [a, {echo: {model: said}}, {limited: {model: b}}, {echo: {}}]}")
    assert list(x.models) == ["a", "said", "limited", "echo"]


def test_a_model_may_stand_twice() -> None:
    assert list(built("{fallback: [a, a, b, a]}").models) == ["a", "a#2", "b", "a#3"]


def test_a_mapping_names_the_edges() -> None:
    assert built("{fallback: {models: {first: a, second: {echo: hi}}}}") == Fallback(
        {"first": Echo(), "second": Echo("hi")}
    )


def test_a_field_for_one_or_many_models_names_the_one_too() -> None:
    x = built("{cascade: {drafts: [a], final: b, accept: {agreement: {with: c, type: number}}}}")
    assert x == Cascade({"a": Echo()}, Echo("b"), Agreement({"c": Echo("c")}, Number()))


def test_a_field_for_one_or_many_models_takes_a_node() -> None:
    x = built(
        "{cascade: {drafts: [a], final: b, accept: {agreement: {with: {echo: c}, type: text}}}}"
    )
    assert x.accept.with_ == {"echo": Echo("c")}


def test_a_sequence_of_models_has_no_names() -> None:
    assert picks("models: [a], only: [b, {echo: z}]").only == (Echo("b"), Echo("z"))


def test_inline_nodes_stand_wherever_a_model_belongs() -> None:
    x = built("{cascade: {drafts: [{echo: d}], final: {fallback: [a, b]}, accept: heuristic}}")
    assert x.final == Fallback({"a": Echo(), "b": Echo("b")})


def test_anchors_work() -> None:
    config = parse("models: {a: &x {echo: hi}, b: {fallback: [*x, a]}}")
    assert tree(config)["b"] == Fallback({"echo": Echo("hi"), "a": Echo("hi")})


def test_a_router_has_its_routes_beside_its_fields() -> None:
    x = built("{router: {by: task, code: a, else: b}}")
    assert x == Router(Task(), {"code": Echo()}, Echo("b"))


def test_a_router_may_have_its_routes_by_themselves() -> None:
    x = built("{router: {by: task, routes: {code: a, esle: b}}}")
    assert list(x.routes) == ["code", "esle"]


def test_words_that_yaml_1_1_took_for_booleans_are_labels() -> None:
    assert list(built("{router: {by: task, yes: a, no: b}}").routes) == ["yes", "no"]


@pytest.mark.parametrize(
    "rules", ["{code: 'def ', short: [hi, yo]}", "[{code: 'def ', short: [hi, yo]}]"]
)
def test_rules_are_a_mapping_or_a_list_of_them(rules: str) -> None:
    x = built(f"{{router: {{by: {{rules: {rules}}}, code: a, else: b}}}}")
    assert x.by == Rules(({"code": "def ", "short": ("hi", "yo")},))


def test_a_merge_is_named_and_has_fields() -> None:
    x = built("{ensemble: {models: [a, b, c], merge: {vote: {type: number, first_to: 2}}}}")
    assert isinstance(x, Ensemble)
    assert x.merge == Vote(Number(), first_to=2)


def test_the_first_field_of_a_vote_is_its_type() -> None:
    assert built("{ensemble: {models: [a, b], merge: {vote: number}}}").merge == Vote(Number())


def test_an_extractor_may_have_options() -> None:
    x = built(f"{{'{HERE}:Extracts': {{type: {{choice: {{letters: AB}}}}}}}}")
    assert repr(x.extract) == "Choice(letters='AB')"


def test_a_kind_of_your_own_is_named_by_its_module() -> None:
    x = built(f"{{'{HERE}:Plain': {{prefix: hi, times: 3}}}}")
    assert isinstance(x, Plain)
    assert (x.prefix, x.times) == ("hi", 3)


def test_a_signal_and_a_check_of_your_own_are_named_by_their_module() -> None:
    x = picks(f"models: [a], by: '{HERE}:Says', accept: {{'{HERE}:Says': {{label: y, with: b}}}}")
    assert (x.by, x.accept) == (Says(), Says("y", Echo("b")))


def test_a_preset_is_a_kind() -> None:
    x = built("{groq: {model: llama-3.3-70b}}")
    assert (x.at, x.model) == ("groq", "llama-3.3-70b")


def test_what_holds_state_is_no_field() -> None:
    assert "`scripted` has no field `journal`" in wrong("{scripted: {journal: {open: 1}}}")


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ("text: 4.10", "text", "4.10"),
        ("text: on", "text", "on"),
        ("count: 3", "count", 3),
        ("share: 1", "share", 1.0),
        ("on: yes", "on", True),
        ("on: false", "on", False),
        ("wait: 2s", "wait", 2.0),
        ("wait: 500ms", "wait", 0.5),
        ("wait: 1.5m", "wait", 90.0),
        ("wait: 1h", "wait", 3600.0),
        ("wait: 3", "wait", 3.0),
        ("wait: null", "wait", None),
        ("reach: network", "reach", Clearance.NETWORK),
        ("colour: dark_blue", "colour", Colour.DARK_BLUE),
        ("mode: slow", "mode", "slow"),
        ("words: [a, 1]", "words", ("a", "1")),
        ("numbers: [1, 2]", "numbers", [1, 2]),
        ("weights: {a: 1, b: .5}", "weights", {"a": 1.0, "b": 0.5}),
        ("inner: {size: 2, keep: 1m}", "inner", Inner(2, 60.0)),
        ("loose: {a: [1, x, null]}", "loose", {"a": [1, "x", None]}),
        ("think: true", "think", True),
        ("think: high", "think", "high"),
        ("keep: 10m", "keep", "10m"),
        ("keep: 5", "keep", 5.0),
    ],
)
def test_a_value_is_read_as_its_annotation_says(fields: str, name: str, value: Any) -> None:
    found = getattr(passes(fields), name)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("fields", "name", "value"),
    [
        ("count: '${V}'", "count", 7),
        ("share: '${V}'", "share", 7.0),
        ("text: '${V}'", "text", "7"),
        ("wait: '${V}ms'", "wait", 0.007),
        ("think: '${V}'", "think", "7"),
    ],
)
def test_a_variable_is_read_as_what_belongs_there(fields: str, name: str, value: Any) -> None:
    assert getattr(passes(fields, {"V": "7"}), name) == value


def test_a_path_starts_from_the_file(tmp_path: Path) -> None:
    assert passes("path: here/x.gz", base=tmp_path).path == tmp_path / "here/x.gz"


def test_an_absolute_path_stays() -> None:
    assert passes("path: /x/y", base=Path("/z")).path == Path("/x/y")


def test_a_recorded_table_starts_from_the_file(tmp_path: Path) -> None:
    assert (
        built("{recorded: {table: t.jsonl.gz, model: m}}", base=tmp_path).table
        == tmp_path / "t.jsonl.gz"
    )


# ---------------------------------------------------------------- mistakes


@pytest.mark.parametrize(
    ("node", "sentence"),
    [
        ("{^ecko: {}}", "there is no kind of model 'ecko'; did you mean 'echo'?"),
        ("{^grok: {}}", "there is no kind of model 'grok'; did you mean 'groq'?"),
        ("{echo: {^prefiks: x}}", "`echo` has no field `prefiks`; did you mean 'prefix'?"),
        ("{echo: {^zzz: x}}", "`echo` has no field `zzz`; it has prefix, model"),
        ("{fallback: [^aa]}", "there is no model 'aa' here; did you mean 'a'?"),
        ("{fallback: [^zzz]}", "there is no model 'zzz' here; this file has a, b, c, x"),
        ("^echo", "there is no model 'echo' here; for one of that kind write {echo: {...}}"),
        ("{^limited: {at_once: 2}}", "`limited` needs the field `model`"),
        ("{limited: {model: ^[a]}}", "`model` takes a model: a name, or {kind: {...}}; this"),
        (
            "{limited: {model: a, at_once: ^two}}",
            "`at_once` takes a whole number; this is 'two'",
        ),
        (
            "{limited: {model: a, at_once: ^1.5}}",
            "`at_once` takes a whole number; this is '1.5'",
        ),
        ("{limited: {model: a, at_once: ^true}}", "`at_once` takes a whole number; this is"),
        ("{^limited: {model: a, at_once: 0}}", "`limited`: "),
        ("{^fallback: []}", "`fallback`: a fallback needs at least one model"),
        ("{fallback: ^a}", "`models` takes models: a list of names or of {kind: {...}}; this"),
        ("{scripted: {after: ^soon}}", "`after` takes a duration such as 2s, 500ms or 1m; this"),
        ("{scripted: {where: ^moon}}", "`where` takes one of machine, network, world; this is"),
        (
            "{router: {by: ^tsk, else: a}}",
            "there is no kind of signal 'tsk'; did you mean 'task'?",
        ),
        ("{router: {by: task, ^esle: a}}", "`router` has no field `esle`; did you mean 'else'?"),
        (
            "{router: {by: ^[task], else: a}}",
            "`by` takes a signal: a name, or {name: {...}}; this",
        ),
        (
            "{ensemble: {models: [a], merge: ^vot}}",
            "there is no kind of merge 'vot'; did you mean",
        ),
        (
            "{ensemble: {models: [a], merge: {vote: ^numer}}}",
            "there is no kind of extractor 'nu",
        ),
        ("{ensemble: {models: [a], merge: ^vote}}", "`vote` needs the field `type`"),
        (
            "^{echo: {}, model: x}",
            "here belongs one kind with its fields, {kind: {...}}; this has 2 keys: echo, model",
        ),
        ("^{}", "here belongs one kind with its fields, {kind: {...}}; this has no key"),
        ("^3", "here belongs a model: a name, or {kind: {...}}; this is '3'"),
        ("{^'no.module:Thing': {}}", "'no.module:Thing' cannot be loaded: No module named 'no'"),
        ("{^'@:Nothing': {}}", "'@:Nothing' cannot be loaded: module '@' has no attribute"),
        ("{^'@:Says': {}}", "'@:Says' is no model: it has no method `chat`"),
        ("{^'@:HERE': {}}", "the signature of '@:HERE' cannot be read: "),
        (
            "{limited: {model: a, at_once: 2, ^atonce: 3}}",
            "`limited` has no field `atonce`; did you",
        ),
        ("{fallback: [{echo: {}}, ^groq]}", "there is no model 'groq' here; for one of that kind"),
        ("{deadline: {model: a, first: ^nan}}", "`first` takes a duration such as 2s, 500ms or 1m"),
        ("{deadline: {model: a, first: ^-1}}", "`first` takes a duration such as 2s, 500ms or 1m"),
        ("{^'@:Plain': {prefix: a, times: 0}}", "`@:Plain`: `times` is 0; say it at least once"),
        (
            "{'@:Passes': {mode: ^fas, model: a}}",
            "`mode` takes one of fast, slow; this is 'fas'",
        ),
        ("{'@:Passes': {words: ^x, model: a}}", "`words` takes a list (of each: text); this is"),
        (
            "{'@:Passes': {weights: ^[1], model: a}}",
            "`weights` takes a mapping (for each name: a ",
        ),
        ("{'@:Passes': {^inner: {}, model: a}}", "`inner` needs the field `size`"),
        ("{'@:Passes': {text: ^[x], model: a}}", "`text` takes text; this is a list"),
        (
            "{'@:Passes': {count: ^null, model: a}}",
            "`count` takes a whole number; this is nothing",
        ),
    ],
)
def test_a_mistake_is_one_sentence_with_its_place(node: str, sentence: str) -> None:
    """``^`` stands where the mistake is, ``@`` for the module of the doubles."""
    before, _, after = node.replace("@", HERE).partition("^")
    found = wrong(before + after).replace(HERE, "@")
    assert found.startswith(f"f:5:{len('  x: ' + before) + 1}: {sentence}")


def test_a_cycle_is_printed() -> None:
    text = "models:\n  a: {limited: {model: b}}\n  b: {fallback: [a]}\n"
    assert problems(text) == ["f:3:18: a model cannot contain itself: a -> b -> a"]


def test_a_model_cannot_be_itself() -> None:
    assert problems("models: {a: a}") == ["f:1:13: a model cannot contain itself: a -> a"]


def test_models_within_models_are_bounded() -> None:
    chain = "".join(f"  m{n}: {{limited: {{model: m{n + 1}}}}}\n" for n in range(2000))
    found = problems(f"models:\n{chain}  m2000: {{echo: }}\n")
    assert {sentence.partition(" ")[2] for sentence in found} == {
        "more than 50 models within models"
    }


VOCABULARY = """
echo scripted fallback router cascade ensemble hedge limited cached recorded groq by else models
model drafts final accept merge vote agreement rules task type number with prefix says after table
at_once weights a b 2s x
"""
WORDS = st.sampled_from(VOCABULARY.split())
NODES = st.recursive(
    WORDS | st.integers(-2, 2) | st.booleans() | st.none() | st.floats(-1, 1),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=12,
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(WORDS, st.dictionaries(WORDS, NODES, min_size=1, max_size=1), min_size=1))
def test_no_file_makes_the_builder_fail(models: dict[str, Any]) -> None:
    """Only as a wrong file, whatever the constructors are given."""
    with suppress(WrongFile):
        assert parse(json.dumps({"models": models})).default in models


def test_every_mistake_of_a_file_is_told_in_the_order_of_its_lines() -> None:
    text = "models:\n  a: {ecko: {}}\n  b: {limited: {model: c, at_once: x}}\ndefalt: a\n"
    assert [line.partition(" ")[0] for line in problems(text)] == [
        "f:2:7:",
        "f:3:24:",
        "f:3:36:",
        "f:4:1:",
    ]


def test_a_mistake_in_a_shared_model_is_told_once() -> None:
    assert len(problems("models:\n  a: {ecko: {}}\n  b: {fallback: [a, a]}\n  c: a\n")) == 1


def test_a_message_does_not_show_what_a_variable_holds() -> None:
    with pytest.raises(WrongFile) as caught:
        passes("count: '${KEY}'", {"KEY": "secret"})
    assert "this is '${KEY}'" in str(caught.value)
    assert "secret" not in str(caught.value)


def test_only_the_kinds_that_are_used_are_imported() -> None:
    program = (
        "import sys; from homeward.config import parse; "
        "parse('models: {a: {echo: {}}, b: {fallback: [a]}}'); print(*sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=180
    )
    loaded = {name for name in done.stdout.split() if name.startswith("homeward.")}
    assert {"homeward.backends.echo", "homeward.strategies.fallback"} < loaded
    assert loaded.isdisjoint({"homeward.backends.http", "homeward.strategies.cascade"})


def test_scripted_says_texts() -> None:
    x = built("{scripted: {says: [a, b], every: 10ms}}")
    assert isinstance(x, Scripted)
    assert x.says == ("a", "b")
    assert math.isclose(x.every, 0.01)


async def test_something_is_put_around_each_leaf_once_with_its_name_in_the_file() -> None:
    seen: list[tuple[str, str]] = []

    def around(leaf: Model, name: str) -> Model:
        seen.append((type(leaf).__name__, name))
        return Limited(leaf)

    text = """
    models:
      a: {echo: {}}
      b: a
      c: {fallback: [a, {scripted: [hi]}, {retried: {model: a}}]}
    """
    async with parse(text).open(around) as models:
        fallback = models["c"]
        assert isinstance(fallback, Fallback)
        assert isinstance(models["a"], Limited)
        assert models["b"] is models["a"]
        assert list(fallback.models) == ["a", "scripted", "retried"]  # as without it
    assert seen == [("Echo", "a"), ("Scripted", "")]
