from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.config.grammar import DEEPEST, LONGEST, dump
from homeward.config.items import Item
from homeward.config.source import read
from homeward.config.values import plain


def value(text: str, environ: Mapping[str, str] | None = None) -> Any:
    item, problems = read(text, "f", environ or {})
    assert problems == []
    assert item is not None
    return plain(item)


def problems(text: str, **environ: str) -> list[str]:
    return [str(problem) for problem in read(text, "f", environ)[1]]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("[no, on, yes, off]", ["no", "on", "yes", "off"]),
        ("[true, False]", [True, False]),
        ("[1:30, 2026-01-31, 0123]", ["1:30", "2026-01-31", 123]),
        ("[1, -2, 0x10, 0o17, '3']", [1, -2, 16, 15, "3"]),
        ("[1.5, 1e3, .5, -.inf]", [1.5, 1000.0, 0.5, float("-inf")]),
        ("[~, null, ]", [None, None]),
        ("{yes: 1, 2: b}", {"yes": 1, "2": "b"}),
        ("!!str 5", "5"),
    ],
)
def test_plain_scalars_are_those_of_yaml_1_2(text: str, meant: Any) -> None:
    assert value(text) == meant


def test_json_may_be_indented_with_tabs() -> None:
    assert value('{\n\t"a": [\n\t\t1,\t2\n\t]\n}') == {"a": [1, 2]}


def test_json_may_write_a_character_as_two_escapes() -> None:
    assert value(r'"\ud83d\ude00"') == "\U0001f600"


def test_every_value_knows_its_line_and_column() -> None:
    item, _ = read("a:\n  bb: 3\n", "f", {})
    assert item is not None
    assert isinstance(item.value, dict)
    inner = item.value["a"].value
    assert isinstance(inner, dict)
    assert str(inner["bb"].place) == "f:2:7"
    assert str(inner["bb"].named_at) == "f:2:3"


def test_a_scalar_keeps_the_text_that_was_written() -> None:
    item, _ = read("4.10", "f", {})
    assert item is not None
    assert item.text == "4.10"


def test_variables_are_put_in() -> None:
    assert value("${A}-${B}", {"A": "x", "B": "y"}) == "x-y"


def test_a_variable_is_text_whatever_it_looks_like() -> None:
    assert value("${A}", {"A": "12"}) == "12"


def test_a_default_stands_in_for_a_missing_or_empty_variable() -> None:
    assert value("['${A:-x}', '${B:-y}', '${C:-}']", {"B": ""}) == ["x", "y", ""]


def test_what_a_variable_holds_is_not_looked_through_again() -> None:
    assert value("${A}", {"A": "${B}", "B": "secret"}) == "${B}"


def test_a_doubled_dollar_is_a_plain_one() -> None:
    assert value("$${A} costs $5") == "${A} costs $5"


def test_a_missing_variable_is_named_with_its_line() -> None:
    assert problems("a: 1\nb: ${KEY}") == [
        "f:2:4: the environment variable KEY is not set; set it, or give a default: ${KEY:-...}"
    ]


def test_an_unquoted_variable_where_yaml_forbids_it_gets_a_hint() -> None:
    assert problems("{a: ${KEY}}")[0].endswith('a variable is quoted, as in "${NAME}"')


def test_an_unfinished_variable_is_a_problem() -> None:
    assert problems("a: ${1}")[0].startswith("f:1:4: `${` begins a variable")


def test_without_an_environment_a_variable_is_text() -> None:
    item, found = read('"${HOME}"', "f", None)
    assert found == []
    assert item is not None
    assert item.value == "${HOME}"


def test_a_key_that_stands_twice_is_a_problem() -> None:
    assert problems("a: 1\nb: 2\na: 3") == ["f:3:1: `a` stands twice here, first in line 1"]


def test_a_merge_key_fills_in_what_is_not_said() -> None:
    text = "base: &b {x: 1, y: 2}\nuse: {<<: *b, y: 3}"
    assert value(text)["use"] == {"x": 1, "y": 3}


def test_the_first_of_several_merged_mappings_wins() -> None:
    text = "a: &a {x: 1}\nb: &b {x: 2, y: 2}\nuse: {<<: [*a, *b]}"
    assert value(text)["use"] == {"x": 1, "y": 2}


def test_merging_a_scalar_is_a_problem() -> None:
    assert "`<<` takes a mapping" in problems("{<<: 3}")[0]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a: [1, 2", "f:1:4: this is not YAML: the bracket that opens here is never closed"),
        ("a: 'x", "f:1:4: this is not YAML: the quote that opens here is never closed"),
        ("a:\n\tx: 1", "f:2:1: this is not YAML: a tab stands here"),
        ("a: 1\n---\nb: 2", "f:2:1: this is not YAML: a second document begins here"),
        ("a: *nowhere", "f:1:4: this is not YAML: no such `&name` stands before this"),
        ("b: 1\na: \x00", "f:2:4: the character U+0000 cannot stand here"),
        ('a: "C:\\models"', "f:1:8: this is not YAML: in double quotes a \\ begins an escape"),
        ("a: 1\n b: 2", "f:2:3: this is not YAML: a `: ` cannot stand here"),
        ("a:\n  b: 1\n c: 2", "f:3:2: this is not YAML: this line is not indented"),
        ("a: {b: [1, 2}", "f:1:13: this is not YAML: a comma or the closing bracket is missing"),
        ("a: @b", "f:1:4: this is not YAML: text that begins with this character"),
        ("ab\nc: 1", "f:2:2: this is not YAML:"),
        (r'a: "\ud83d"', "f:1:4: half a pair"),
        ("", "f:1:1: the file is empty"),
        ("# nothing", "f:1:1: the file is empty"),
        ("[a]: 1", "f:1:1: a key is a word here"),
        ("a: !!python/object:os.system {}", "f:1:4: the tag"),
        ("a: !mine x", "f:1:4: the tag !mine is not read"),
        ("a: !!int x", "f:1:4: 'x' is no int"),
    ],
)
def test_wrong_yaml_is_one_sentence_with_its_place(text: str, sentence: str) -> None:
    [found] = problems(text)
    assert found.startswith(sentence)
    assert "\n" not in found


def test_aliases_cannot_make_a_small_file_huge() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "aliases make this file endless or too large" in problems("\n".join(lines))[0]


def test_an_alias_cannot_contain_itself() -> None:
    assert "aliases make this file endless" in problems("a: &a [*a]")[0]


def test_values_within_values_are_bounded() -> None:
    assert f"more than {DEEPEST} values" in problems("[" * 5000 + "]" * 5000)[0]


def test_a_file_is_bounded() -> None:
    assert "is longer than" in problems("a" * (LONGEST + 1))[0]


@settings(deadline=None, max_examples=300)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"\n \t#%@`,?~<$1.0é"), max_size=60))
def test_no_text_makes_the_reader_fail(text: str) -> None:
    item, found = read(text, "f", {})
    assert item is not None or found


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=150)
@given(VALUES)
def test_what_is_dumped_is_read_back_the_same(meant: Any) -> None:
    item, _ = read(yaml.safe_dump(meant, allow_unicode=True), "f", None)
    assert isinstance(item, Item)
    again, found = read(dump(item), "f", None)
    assert found == []
    assert again is not None
    assert plain(again) == plain(item)


def test_dumping_keeps_variables_and_numbers_as_they_were_written() -> None:
    item, _ = read("{a: '${KEY}', b: 4.10, c: 'no'}", "f", {"KEY": "secret"})
    assert dump(item) == "a: ${KEY}\nb: 4.10\nc: 'no'\n"
