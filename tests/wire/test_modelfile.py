"""Modelfiles, as Ollama's documentation has them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.wire.ollama.modelfile import parse

DOCUMENTED = """\
FROM llama3.2
# sets the temperature to 1 [higher is more creative, lower is more coherent]
PARAMETER temperature 1
PARAMETER num_ctx 4096

# sets a custom system message
SYSTEM You are Mario from super mario bros, acting as an assistant.
"""


def test_the_documentation_s_example() -> None:
    found = parse(DOCUMENTED)
    assert [said.text for said in found.sources] == ["llama3.2"]
    assert {name: said.value for name, said in found.parameters.items()} == {
        "temperature": 1.0,
        "num_ctx": 4096,
    }
    assert found.system is not None
    assert found.system.text.startswith("You are Mario")


def test_instructions_are_read_in_any_case_and_order() -> None:
    found = parse("system be brief\nFrom x\n")
    assert (found.sources[0].text, found.system and found.system.text) == ("x", "be brief")


def test_three_quotes_hold_lines_and_quotes() -> None:
    found = parse(
        'FROM x\nSYSTEM """You say "yes"\n# always\n\nand no more."""\nPARAMETER seed 7\n'
    )
    assert found.system is not None
    assert found.system.text == 'You say "yes"\n# always\n\nand no more.'
    assert found.parameters["seed"].line == 6


def test_one_quote_goes_on_to_the_next_lines() -> None:
    found = parse('FROM x\nSYSTEM "one\ntwo"\n')
    assert found.system is not None
    assert found.system.text == "one\ntwo"


def test_stops_are_collected() -> None:
    found = parse('FROM x\nPARAMETER stop "<|im_end|>"\nPARAMETER stop AI:\n')
    assert found.parameters["stop"].value == ("<|im_end|>", "AI:")


def test_messages_keep_their_order() -> None:
    found = parse("FROM x\nMESSAGE user Is Toronto in Canada?\nMESSAGE assistant yes\n")
    assert [(each.role, each.content) for each in found.messages] == [
        ("user", "Is Toronto in Canada?"),
        ("assistant", "yes"),
    ]


def test_several_licences_and_what_only_ollama_reads_are_kept() -> None:
    found = parse("FROM x\nLICENSE MIT\nLICENSE Apache-2.0\nREQUIRES 0.14.0\n")
    assert [said.text for said in found.licences] == ["MIT", "Apache-2.0"]
    assert found.only_ollama["requires"].text == "0.14.0"


def test_parameters_that_ollama_dropped_are_no_mistake() -> None:
    assert parse("FROM x\nPARAMETER mirostat 1\n").ignored == ("mirostat",)


def test_windows_line_ends_and_a_mark_of_order() -> None:
    assert parse("\ufeffFROM x\r\nSYSTEM a\r\n").sources[0].text == "x"


@pytest.mark.parametrize(
    ("text", "place", "told"),
    [
        ("FROM x\nTEMPRATURE 1", "F:2", "there is no 'TEMPRATURE'"),
        ("FROM x\nPARAMETERS a 1", "F:2", "did you mean PARAMETER?"),
        ("FROM x\n\nPARAMETER temprature 1", "F:3", "did you mean temperature?"),
        ("FROM x\nPARAMETER top_k many", "F:2", "say a whole number"),
        ("FROM x\nPARAMETER min_p high", "F:2", "say a number"),
        ("FROM x\nPARAMETER use_mmap perhaps", "F:2", "say true or false"),
        ('FROM x\nSYSTEM """a\nb', "F:2", "has no end"),
        ("FROM x\nMESSAGE robot hi", "F:2", "takes a role"),
        ("FROM x\nSYSTEM", "F:2", "needs a text"),
        ("FROM", "F:1", "needs a text"),
        ("SYSTEM a", "F", "FROM"),
        ("", "F", "FROM"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, place: str, told: str) -> None:
    with pytest.raises(ConfigError) as error:
        parse(text, "F")
    assert str(error.value).startswith(f"{place}: ")
    assert told in str(error.value)


@given(st.text(alphabet='FROMfrom x"#\n\r\t {}', max_size=60))
def test_no_text_makes_it_fail_otherwise_than_in_a_sentence(text: str) -> None:
    try:
        found = parse(text)
    except ConfigError:
        return
    assert found.sources


@given(st.text().filter(lambda text: '"' not in text and "\r" not in text))
def test_what_stands_in_three_quotes_is_kept_as_it_is(text: str) -> None:
    found = parse(f'FROM x\nSYSTEM """|{text}|"""\nPARAMETER seed 1\n')
    assert found.system is not None
    assert found.system.text == f"|{text}|"
