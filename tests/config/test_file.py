"""A whole file: its top level, and what it opens."""

from pathlib import Path
from typing import Any

import pytest

from homeward.backends.echo import Echo
from homeward.config import WrongFile, kinds, load, parse
from homeward.errors import ConfigError
from homeward.model import Clearance, Request, collect
from tests.config.doubles import HERE, Connected, Pool


def problems(text: str) -> list[str]:
    with pytest.raises(WrongFile) as caught:
        parse(text, origin="f", environ={})
    return str(caught.value).splitlines()


# ---------------------------------------------------------------- the top level


def test_a_file_with_one_leaf_is_complete() -> None:
    config = parse("models: {a: {echo: {}}}")
    assert (config.default, config.clearance) == ("a", Clearance.WORLD)


def test_json_is_yaml_too() -> None:
    assert list(parse('{"models": {"a": {"echo": {"prefix": "x"}}}}').models) == ["a"]


@pytest.mark.parametrize(
    ("text", "default"),
    [
        ("models: {a: {echo: }, auto: a, b: a}", "auto"),
        ("models: {a: {echo: }, b: {echo: }}", "b"),
        ("models: {a: {echo: }, auto: a}\ndefault: a", "a"),
    ],
)
def test_the_default_is_said_or_auto_or_the_last(text: str, default: str) -> None:
    assert parse(text).default == default


@pytest.mark.parametrize("level", list(Clearance))
def test_the_clearance_is_a_word(level: Clearance) -> None:
    text = f"models: {{a: {{echo: }}}}\nclearance: {level.name.lower()}"
    assert parse(text).clearance is level


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[1]", "f:1:1: a file is a mapping with `models:`; this is a list"),
        ("modls: {}", "f:1:1: there is no top-level key `modls`; did you mean 'models'?"),
        ("default: a", "f:1:1: `models:` needs at least one, as `name: {kind: {field: value}}`"),
        ("models: {}", "f:1:9: `models:` needs at least one"),
        ("models: [a]", "f:1:9: `models:` needs at least one"),
        (
            "models: {small: {echo: }}\ndefault: smal",
            "f:2:10: `default` names no model of this file: 'smal'; did you mean 'small'?",
        ),
        (
            "models: {a: {echo: }}\ndefault: [a]",
            "f:2:10: `default` names no model of this file: a list; there are a",
        ),
        (
            "models: {a: {echo: }}\nclearance: moon",
            "f:2:12: `clearance` takes one of machine, network, world; this is 'moon'",
        ),
        (
            "models: {a: {echo: }}\nzzz: 1",
            "f:2:1: there is no top-level key `zzz`; there are models, default, clearance",
        ),
    ],
)
def test_a_wrong_top_level_is_one_sentence_with_its_place(text: str, sentence: str) -> None:
    [found] = problems(text)
    assert found.startswith(sentence)


def test_the_problems_of_the_text_and_of_the_models_are_told_together() -> None:
    text = "models:\n  a: {echo: '${NOWHERE}'}\n  a: {echo: }\n  b: {ecko: }\n"
    assert [line.split(":")[1] for line in problems(text)] == ["2", "3", "4"]


def test_a_missing_variable_is_one_problem_whatever_it_was_for() -> None:
    [found] = problems("models:\n  a: {limited: {model: b, at_once: '${N}'}}\n  b: {echo: }\n")
    assert found.startswith("f:2:36: the environment variable N is not set")


# ---------------------------------------------------------------- reading it


def test_a_file_is_read_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("models: {a: {echo: }}")
    config = load(path)
    assert (config.origin, config.base) == (str(path), tmp_path)


def test_the_file_that_is_found_is_read(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("models: {a: {echo: '${WORD}'}}")
    assert load(environ={"HOMEWARD_CONFIG": str(path), "WORD": "hi"}).origin == str(path)


def test_without_any_file_the_error_says_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match=r"write homeward\.yaml"):
        load(environ={"XDG_CONFIG_HOME": str(tmp_path)})


@pytest.mark.parametrize("name", ["nowhere.yaml", "."])
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=r"cannot be read: .*; name another file$"):
        load(tmp_path / name)


def test_a_file_that_is_not_utf_8_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"models: {a: {echo: \xe9}}")
    with pytest.raises(ConfigError, match=r"is not text in UTF-8; save it as that$"):
        load(path)


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "bom.yaml"
    path.write_text("models: {a: {echo: }}", encoding="utf-8-sig")
    assert list(load(path).models) == ["a"]


def test_a_text_of_a_program_has_no_variables() -> None:
    config = parse('models: {a: {echo: {prefix: "${HOME}"}}}', environ=None)
    assert "prefix: $${HOME}" in config.as_yaml()


# ---------------------------------------------------------------- what it gives


async def test_what_is_opened_answers() -> None:
    config = parse("models: {a: {echo: {prefix: 'said '}}, b: {fallback: [a]}}")
    async with config.open() as models:
        assert str(await collect(models["b"].chat(Request.of("hello")))) == "said hello"


async def test_resources_are_shared_and_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kinds, "RESOURCES", {"pool": f"{HERE}:Pool"})
    monkeypatch.setattr("homeward.config.shapes.RESOURCES", kinds.RESOURCES)
    config = parse(f"models: {{a: {{'{HERE}:Connected': x}}, b: {{'{HERE}:Connected': y}}}}")
    async with config.open() as models:
        a: Any = models["a"]
        b: Any = models["b"]
        assert isinstance(a, Connected)
        assert isinstance(a.pool, Pool)
        assert a.pool is b.pool
        assert a.pool.open
    assert not a.pool.open


async def test_a_resource_is_no_field_of_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("homeward.config.shapes.RESOURCES", {"pool": f"{HERE}:Pool"})
    [found] = problems(f"models: {{a: {{'{HERE}:Connected': {{pool: x}}}}}}")
    assert found.endswith("has no field `pool`; it has name")


async def test_hosted_models_share_one_pool_of_connections() -> None:
    config = parse("models: {a: {groq: {model: x}}, b: {ollama: {model: y}}}")
    async with config.open() as models:
        a: Any = models["a"]
        b: Any = models["b"]
        assert a.http is not None
        assert a.http is b.http


async def test_two_openings_share_nothing() -> None:
    config = parse("models: {a: {groq: {model: x}}}")
    async with config.open() as first, config.open() as second:
        one: Any = first["a"]
        other: Any = second["a"]
        assert one.http is not other.http


async def test_models_can_be_added() -> None:
    config = parse("models: {a: {echo: {}}}").with_models({"b": {"fallback": ["a", {"echo": "x"}]}})
    async with config.open() as models:
        b: Any = models["b"]
        assert list(b.models.values()) == [Echo(), Echo("x")]


def test_a_variable_in_an_added_model_is_text() -> None:
    config = parse("models: {a: {echo: {}}}").with_models({"b": {"echo": "${HOME}"}})
    assert "$${HOME}" in config.as_yaml()


def test_a_wrong_model_cannot_be_added() -> None:
    with pytest.raises(WrongFile, match="did you mean 'a'"):
        parse("models: {a: {echo: {}}}").with_models({"b": {"fallback": ["aa"]}})


def test_the_outline_names_kinds_and_parts() -> None:
    leaves = "a: {echo: {model: e}}, e: {echo: x}"
    routes = "b: {limited: {model: a}}, c: {fallback: [a, b]}, d: c"
    assert list(parse(f"models: {{{leaves}, {routes}}}").outline()) == [
        ("a", "echo", "e"),
        ("e", "echo", "x"),
        ("b", "limited", "a"),
        ("c", "fallback", "a, b"),
        ("d", "reference", "c"),
    ]


def test_as_yaml_is_a_file_of_the_same_meaning() -> None:
    config = parse(
        "models: {a: {echo: '${WORD}'}, b: {fallback: [a, {echo: 'no'}]}}\nclearance: network",
        environ={"WORD": "secret"},
    )
    again = parse(config.as_yaml(), environ={"WORD": "secret"})
    assert "secret" not in config.as_yaml()
    assert again.as_yaml() == config.as_yaml()
    assert (again.default, again.clearance) == ("b", Clearance.NETWORK)
