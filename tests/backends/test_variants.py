"""Variants: what stands before a conversation, how tokens are drawn, template, adapter."""

from pathlib import Path

import pytest

from homeward.backends import variants
from homeward.backends.embedded import Embedded
from homeward.backends.llama_options import beneath
from homeward.backends.preface import prefaced
from homeward.backends.variants import Variant
from homeward.errors import BadModelFile, ConfigError, ModelMissing
from homeward.model import Finish, Message, Request, collect
from tests.backends import tiny_gguf, tiny_lora

SUM = Request.of("What is 17 + 25?")
USER, OWN = Message("user", "hi"), Message("system", "own")
EXAMPLES = (Message("user", "a"), Message("assistant", "b"))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOMEWARD_HOME", str(tmp_path))
    return tmp_path


def test_the_system_message_and_examples_come_first() -> None:
    asked = prefaced(Request((USER,)), "ours", EXAMPLES)
    assert asked.messages == (Message("system", "ours"), *EXAMPLES, USER)


def test_a_system_message_of_the_conversation_wins() -> None:
    asked = prefaced(Request((OWN, USER)), "ours", EXAMPLES)
    assert asked.messages == (OWN, *EXAMPLES, USER)


def test_without_either_a_conversation_stays_as_it_is() -> None:
    asked = Request((USER,))
    assert prefaced(asked, None, ()) is asked


def test_what_a_request_says_wins() -> None:
    own = {"temperature": 0.0, "repeat_penalty": 1.1}
    assert beneath({"temperature": 1.0}, own) == {"temperature": 1.0, "repeat_penalty": 1.1}


def test_one_limit_is_enough() -> None:
    assert beneath({"n_predict": 4}, {"max_tokens": 9}) == {"n_predict": 4}


async def test_options_hold_where_the_request_is_silent() -> None:
    answer = await collect(Embedded("box/arith", options={"max_tokens": 4}).chat(SUM))
    assert (answer.usage[0].output_tokens, answer.finish) == (4, Finish("length", "box/arith"))


async def test_a_request_s_sampling_goes_before_the_options() -> None:
    model = Embedded("box/arith", options={"max_tokens": 4})
    answer = await collect(model.chat(SUM.sampled(max_tokens=6)))
    assert answer.usage[0].output_tokens == 6


async def test_the_system_message_is_read() -> None:
    plain = await collect(Embedded("box/arith").chat(SUM))
    told = await collect(Embedded("box/arith", system="You add numbers.").chat(SUM))
    assert told.usage[0].input_tokens > plain.usage[0].input_tokens


async def test_a_template_of_its_own_takes_the_file_s_place() -> None:
    model = Embedded("box/arith", template="{{ messages[-1].content[:4] }}")
    plain = await collect(Embedded("box/arith").chat(SUM))
    answer = await collect(model.chat(SUM))
    assert answer.usage[0].input_tokens < plain.usage[0].input_tokens


async def test_an_adapter_changes_what_is_said(tmp_path: Path) -> None:
    file, adapter = tiny_gguf.write(tmp_path / "t.gguf"), tiny_lora.write(tmp_path / "lora.gguf")
    asked = Request.of("hello").sampled(temperature=0.0, max_tokens=12)
    plain = await collect(Embedded(str(file), threads=1).chat(asked))
    changed = await collect(Embedded(str(file), threads=1, adapter=adapter).chat(asked))
    assert changed.text != plain.text


async def test_an_adapter_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "no.gguf").write_bytes(b"PK..")
    with pytest.raises(BadModelFile, match="no GGUF file"):
        await collect(Embedded("box/arith", adapter=tmp_path / "no.gguf").chat(SUM))


async def test_a_variant_answers_by_its_name() -> None:
    variants.keep("sums", Variant(model="box/arith", options={"max_tokens": 60}))
    answer = await collect(Embedded("sums").chat(SUM))
    assert answer.text.endswith("17 + 25 = 42")
    assert answer.finish == Finish("stop", "sums")


def test_a_node_s_own_fields_go_before_the_variant_s() -> None:
    variants.keep("v", Variant(model="box/arith", system="a", context=128, options={"seed": 1}))
    found = Embedded("v", system="b", options={"seed": 2}).settled()
    assert (found.system, found.context, found.options) == ("b", 128, {"seed": 2})


def test_two_variants_of_a_file_share_its_process_until_an_adapter_parts_them() -> None:
    variants.keep("a", Variant(model="box/arith", system="x", options={"temperature": 1.0}))
    variants.keep("b", Variant(model="box/arith", template="{{ messages }}"))
    assert Embedded("a").plan() == Embedded("box/arith").plan()
    assert Embedded("b").plan() != Embedded("box/arith").plan()


def test_what_is_kept_comes_back() -> None:
    one = Variant(model="box/arith", messages=({"role": "user", "content": "hi"},))
    variants.keep("mario:formal", one)
    assert variants.kept() == {"mario:formal": one}
    variants.remove("mario:formal")
    assert variants.find("mario:formal") is None


@pytest.mark.parametrize("name", ["a/b", "../x", "auto", "", "x.gguf", "minilm"])
def test_names_that_mean_something_else_are_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        variants.keep(name, Variant(model="box/arith"))


def test_to_remove_what_is_not_there_names_those_that_are() -> None:
    variants.keep("here", Variant(model="box/arith"))
    with pytest.raises(ModelMissing, match="there are here"):
        variants.remove("gone")


def test_a_damaged_one_is_told_by_its_file(home: Path) -> None:
    variants.keep("v", Variant(model="box/arith")).write_text("{")
    with pytest.raises(BadModelFile, match="create --remove v"):
        variants.find("v")


@pytest.mark.parametrize(
    "fields",
    [
        {"options": {"temprature": 1}},
        {"options": {"top_k": 1.5}},
        {"options": {"stop": "a"}},
        {"messages": [{"role": "robot", "content": ""}]},
        {"messages": [{"role": "user"}]},
    ],
)
def test_what_cannot_be_is_told_when_it_is_built(fields: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Embedded("box/arith", **fields)  # type: ignore[arg-type]
