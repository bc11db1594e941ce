import json
import math
import time
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.errors import ConfigError
from homeward.model import Answer, Finish, Reasoning, Text, ToolCall
from homeward.signals.answers import EXTRACTORS, extractor


def read(kind: str, text: str, **options: object) -> str | None:
    return extractor(kind, **options)(Answer((Text(text), Finish())))


NUMBERS = [
    ("18", "18"),
    ("She makes 9 * 2 = $18 every day.", "18"),
    ("#### 1,234.50", "1234.5"),
    (r"So \boxed{42} it is, after 3 steps.", "42"),
    (r"\boxed{\frac{3}{4}}", "0.75"),
    ("The answer is 3/4.", "0.75"),
    ("The answer is 2 1/2 cups.", "2.5"),
    ("Answer: 50%", "50"),
    ("Answer: \u221212", "-12"),
    ("Answer: -$5.00", "-5"),
    ("Answer: $-5.00", "-5"),
    ("**Answer:** 7", "7"),
    ("The final answer is 1.50e3 m", "1500"),
    (r"The answer is $1.2 \times 10^{-3}$", "0.0012"),
    ("The answer is 6.02 x 10^23", "602000000000000000000000"),
    ("Answer:\n\n18", "18"),
    ("Answer: .5", "0.5"),
    ("The answer is $65,960, and not more.", "65960"),
    ("It is 12,34,567 rupees", "1234567"),
    (r"The answer is 1{,}000", "1000"),
    ("x = 3 or so; the answer is x = 5", "5"),
    ("The answer is 1/3", "0.3333333333333"),
    ("In 3 steps: 4.\nI hope that this helps!", "4"),
    ("That is 3-5 = 7", "7"),
    ('{"reasoning": "2 + 2", "answer": "4"}', "4"),
    ('```json\n{"reasoning": "\\(2\\cdot 2\\)", "answer": 4\n}\n```</s></s>', "4"),
    ('{"answer": 18, "confidence": 0.9}', "18"),
    ('{"answer": "600 - (198 + 209) = 600 - 407 = 193"}', "193"),
    ('{"answer": "1"} No, wait. {"answer": "2"}', "2"),
    ('{"reasoning": "because", "answer": "18', "18"),
    ("<think>perhaps 3?</think>It is 4.", "4"),
    ("0.30000000000000004", "0.3"),
    ("007.0", "7"),
    ("-0.0", "0"),
]

NO_NUMBER = [
    "",
    "I don't know.",
    "I\u2019m sorry, but I cannot help with 3 of those.",
    "None of it.",
    '{"answer": "Cannot be determined"}',
    '{"answer": {"blue": 4}}',
    '{"reasoning": "She has 16 eggs and eats 3',
    "<think>perhaps 3",
    "The answer is 1/0",
    "It is in B12 or H2O",
    "9" * 1000,
]


@pytest.mark.parametrize(("text", "number"), NUMBERS)
def test_number(text: str, number: str) -> None:
    assert read("number", text) == number


@pytest.mark.parametrize("text", NO_NUMBER)
def test_no_number_abstains(text: str) -> None:
    assert read("number", text) is None


def test_a_cut_answer_without_its_slot_has_no_number() -> None:
    cut = Answer((Text("First she has 16 eggs, then 3"), Finish("length")))
    assert extractor("number")(cut) is None


def test_a_number_may_be_rounded() -> None:
    assert read("number", "Answer: 0.333", places=2) == read("number", "Answer: 1/3", places=2)


def test_reasoning_is_not_the_answer() -> None:
    assert extractor("number")(Answer((Reasoning("it is 3"), Finish()))) is None


@settings(deadline=None)
@given(
    st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**12), max_value=10**12
    )
)
def test_a_number_is_the_same_however_it_is_written(value: Decimal) -> None:
    forms = {f"{value:f}", f"{value:,f}", f"${value:f}".replace("$-", "-$"), f"{value:f}000"}
    found = {read("number", f"The answer is {form} euros.") for form in forms}
    assert len(found) == 1
    assert Fraction(found.pop() or "x") == Fraction(value)


@settings(deadline=None)
@given(st.integers(-(10**6), 10**6), st.integers(1, 10**6))
def test_a_fraction_is_its_quotient(above: int, below: int) -> None:
    found = read("number", f"The answer is {above}/{below}.")
    assert math.isclose(float(found or "nan"), above / below, rel_tol=1e-11)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(sorted(EXTRACTORS)), st.text(alphabet='0123456789,./-$e{}[]"\\ answer:ABI()\n`')
)
def test_no_text_breaks_an_extractor(kind: str, text: str) -> None:
    found = read(kind, text)
    assert found is None or found


@pytest.mark.parametrize(
    "text",
    ["1,111" * 5000, "1 " * 20000, " " * 40000 + "x", "[" * 40000, '"answer":' * 5000, "(" * 40000],
)
@pytest.mark.parametrize("kind", sorted(EXTRACTORS))
def test_long_nonsense_is_read_to_its_end(kind: str, text: str) -> None:
    found = read(kind, text)
    assert found is None or found


CHOICES = [
    ("B", "B"),
    ("(B)", "B"),
    ("b)", "B"),
    ("**C**", "C"),
    ("B. Paris", "B"),
    ("B) Paris\nBecause it is the capital.", "B"),
    ("The answer is B.", "B"),
    ("The answer is (d) because of tides.", "D"),
    ("The correct answer is A", "A"),
    ("The answer is A because it rains.", "A"),
    ("The answer is option B, Paris.", "B"),
    ("Answer: C: the third", "C"),
    ('{"reasoning": "A dog", "answer": "D"}', "D"),
    (r"$\boxed{\text{B}}$", "B"),
    ("Two of them fit.\nSo I choose (E)", "E"),
    ("The answer is Paris (B)", "B"),
    ("Thus:\nB", "B"),
]


@pytest.mark.parametrize(("text", "choice"), CHOICES)
def test_choice(text: str, choice: str) -> None:
    assert read("choice", text) == choice


@pytest.mark.parametrize(
    "text",
    [
        "A dog is an animal.",
        "I think that it rains.",
        "A: hello",
        "The answer is A dog",
        "The answer is Paris.",
        "Either (A) or (B)",
        "I don't know.",
        "",
        "Because",
    ],
)
def test_no_choice_abstains(text: str) -> None:
    assert read("choice", text) is None


def test_a_letter_that_is_not_offered_is_no_choice() -> None:
    assert read("choice", "The answer is E.", letters="ABCD") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Yes.", "true"),
        ("Yes it is", "true"),
        ("No, it is not.", "false"),
        ("**False**", "false"),
        ("It rains, so the answer is yes.", "true"),
        ('{"answer": false}', "false"),
        ('{"answer": true, "why": "no"}', "true"),
        ("Let me think.\nTrue", "true"),
        ("No one knows.", None),
        ("Nothing at all", None),
        ("I don't know.", None),
        ("", None),
    ],
)
def test_boolean(text: str, value: str | None) -> None:
    assert read("boolean", text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Paris", "paris"),
        ("The answer is Paris.", "paris"),
        ("Let me see.\n**PARIS**!", "paris"),
        ("\uff30aris", "paris"),
        ("C#", "c#"),
        ('{"answer": "New  York"}', "new york"),
        ("I don't know", None),
        ("unknown", None),
        ("  ", None),
    ],
)
def test_label_without_options_is_the_last_line(text: str, value: str | None) -> None:
    assert read("label", text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("Positive", "positive"),
        ("The sentiment is positive.", "positive"),
        ("It is not good.\nVery Negative!", "very negative"),
        ("positive or negative", None),
        ("neither", None),
        ("", None),
    ],
)
def test_label_with_options(text: str, value: str | None) -> None:
    assert read("label", text, options=["positive", "negative", "very negative"]) == value


def test_a_label_is_returned_as_its_option_is_written() -> None:
    assert read("label", "the answer is new york", options=["New York", "York"]) == "New York"


@pytest.mark.parametrize(
    "text",
    [
        '{"b": 2.0, "a": [1, null]}',
        'Here you are:\n```json\n{"a": [1, null],\n "b": 2}\n```\nEnjoy!',
        'It is {"a": [1, null], "b": 2}, I think {1}.',
    ],
)
def test_equal_json_is_one_text(text: str) -> None:
    assert read("json", text) == '{"a":[1,null],"b":2}'


@pytest.mark.parametrize("text", ["", "no", '{"a": 1', '{"a": NaN}', "3", "I don't know"])
def test_no_json_abstains(text: str) -> None:
    assert read("json", text) is None


def test_json_by_field() -> None:
    text = '{"name": "Ann", "why": "because", "age": 3}'
    assert (
        read("json", text, fields=["age", "name", "city"]) == '{"age":3,"city":null,"name":"Ann"}'
    )
    assert read("json", text, fields=["city"]) is None


@settings(deadline=None, max_examples=40)
@given(
    st.recursive(
        st.integers() | st.booleans() | st.text(), lambda inner: st.dictionaries(st.text(), inner)
    )
)
def test_json_is_found_in_prose(value: object) -> None:
    text = json.dumps({"value": value}, indent=2)
    found = read("json", f"Here it is: {text} as you wished.")
    assert found is not None
    assert json.loads(found) == {"value": value}


def call(*calls: tuple[str, str]) -> Answer:
    pieces = [ToolCall(place, str(place), *named) for place, named in enumerate(calls)]
    return Answer((*pieces, Finish("tool_calls")))


def test_equal_tool_calls_are_one_text() -> None:
    one = call(("f", '{"a": 1, "b": 2.0}'), ("g", ""))
    other = call(("g", "{}"), ("f", '{"b":2,"a":1}'))
    assert extractor("tool_call")(one) == extractor("tool_call")(other)
    assert extractor("tool_call")(one) != extractor("tool_call")(call(("f", '{"a": 1}')))


@pytest.mark.parametrize(
    "answer", [call(), call(("f", '{"a": ')), Answer((Text("f(1)"), Finish()))]
)
def test_no_whole_tool_call_abstains(answer: Answer) -> None:
    assert extractor("tool_call")(answer) is None


def test_python_is_compared_without_its_layout() -> None:
    function = 'def f(a):\n    """Add."""\n    # one\n    return a+1\n'
    one = f"Sure:\n```python\nimport os\n{function}print(f(1))\n```"
    other = "def f(a):\n  return (a + 1)"
    assert read("code", one) == read("code", other) == "def f(a):\n    return a + 1"


def test_python_without_functions_is_its_statements() -> None:
    assert read("code", "```py\nx=1 ;print( x )\n```") == "x = 1\nprint(x)"


def test_other_code_is_compared_by_its_lines() -> None:
    assert read("code", "```sql\nSELECT 1;  \n\n```") == "SELECT 1;"
    assert read("code", "```python\ndef f(:\n```") == "def f(:"


@pytest.mark.parametrize("text", ["", "I don't know.", "Sorry", "```\n```", "42"])
def test_no_code_abstains(text: str) -> None:
    assert read("code", text) is None


def test_text_is_compared_without_case_and_punctuation() -> None:
    assert read("text", " Hello,  World! ") == read("text", "hello world") == "hello world"
    assert read("text", "I cannot answer that.") is None
    assert read("text", "...") is None


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(ConfigError, match=r"'numbr' is no type of answer.*number"):
        extractor("numbr")


def test_an_unknown_option_says_so() -> None:
    with pytest.raises(ConfigError, match=r"'number'.*colour"):
        extractor("number", colour="red")


def test_equal_extractors_are_equal() -> None:
    assert extractor("choice", letters="AB") == extractor("choice", letters="AB")


@pytest.mark.parametrize("kind", ["json", "tool_call"])
@pytest.mark.parametrize("nested", ["[" * 600 + "]" * 600, '{"a":' * 600 + "1" + "}" * 600])
def test_json_nested_beyond_comparing_abstains(kind: str, nested: str) -> None:
    events = (ToolCall(0, "1", "f", nested),) if kind == "tool_call" else (Text(nested),)
    assert EXTRACTORS[kind]()(Answer((*events, Finish()))) is None


@pytest.mark.parametrize("kind", sorted(set(EXTRACTORS) - {"tool_call"}))
def test_words_beside_a_tool_call_are_no_answer(kind: str) -> None:
    words = Text('Yes, {"answer": 25}')
    assert EXTRACTORS[kind]()(Answer((words, ToolCall(0, "1", "f", "{}"), Finish()))) is None


@pytest.mark.parametrize("piece", ["`", "``` ", "```a"])
def test_a_text_full_of_fences_is_read_in_time_that_grows_with_its_length(piece: str) -> None:
    began = time.process_time()
    read("code", piece * (100_000 // len(piece)))
    assert time.process_time() - began < 1  # a quadratic pattern takes longer


def test_code_that_passes_the_tests_is_one_answer_however_it_is_written() -> None:
    tests = ["assert f(3) == 6", "assert f(0) == 0"]
    assert read("code", "def twice(n):\n    return 2 * n", tests=tests) == "passes 2 tests"
    assert read("code", "def double(x):\n    return x + x", tests=tests) == "passes 2 tests"


def test_code_that_fails_a_test_abstains() -> None:
    assert read("code", "def f(n): return 9", tests=["assert f(3) == 6"]) is None
