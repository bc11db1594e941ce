import json
import subprocess
import sys
from pathlib import Path

import pytest

from homeward.box import router

WEIGHTS = Path(router.__file__).parent / "router.json"


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("What is 17 + 25?", "arith"),
        ("what's 12*7", "arith"),
        ("Tom has 5 apples and gets 3 more. How many apples does he have?", "arith"),
        ("which is bigger 34 or 43", "arith"),
        ("capital of france", "facts"),
        ("CAPITAL OF FRANCE???", "facts"),
        ("What is the opposite of hot?", "facts"),
        ("5 hours in minutes", "facts"),
        ("reverse the word homeward", "words"),
        ("How many letters are in the word homeward?", "words"),
        ("extract the email: contact bob@example.com now", "words"),
        ("Write a python function to reverse a string", "code"),
        ("python function to check if a number is prime", "code"),
    ],
)
def test_a_question_goes_to_its_domain_whatever_its_case_and_punctuation(
    prompt: str, expected: str
) -> None:
    assert router.domain(prompt)[0] == expected


@pytest.mark.parametrize(
    "prompt",
    [
        "Who are you?",
        "hello",
        "Write a poem about the sea.",
        "How do I cook rice?",
        "Translate cat to French",
        "What is the GDP of France?",
        "Who wrote Hamlet?",
        "What is 12345 + 4?",
        "Tell me about Python snakes",
        "what is the capital of france and why is it famous",
        "A baker makes 12 trays of 20 rolls, sells half of them and eats 3. How many are left?",
    ],
)
def test_what_the_box_cannot_answer_is_none(prompt: str) -> None:
    assert router.domain(prompt)[0] == "none"


def test_a_long_prompt_is_none_whatever_it_says() -> None:
    assert router.domain("What is 17 + 25? " * 20) == ("none", 1.0)


@pytest.mark.parametrize("prompt", ["", " ", "\n", "?", "日本語", "\x00", "7" * 5000])
def test_odd_prompts_are_none(prompt: str) -> None:
    assert router.domain(prompt)[0] == "none"


@pytest.mark.parametrize("prompt", ["What is 17 + 25?", "Who are you?", "uppercase hello"])
def test_the_second_value_is_a_probability(prompt: str) -> None:
    assert 0 <= router.domain(prompt)[1] <= 1


def test_the_probabilities_of_all_classes_add_up_to_one() -> None:
    shares = router.probabilities_of("capital of france", router.shipped())
    assert sum(shares.values()) == pytest.approx(1)


def test_numbers_are_told_apart_by_their_length_only() -> None:
    assert router.features("12 + 345") == router.features("98 + 765")


def test_there_is_one_weight_for_each_bucket_and_class() -> None:
    assert len(router.shipped().values) == router.BUCKETS * len(router.CLASSES)


def test_the_weights_are_a_small_plain_file() -> None:
    content = WEIGHTS.read_text()
    assert set(json.loads(content)) == {"threshold", "scale", "bias", "weights"}
    assert len(content) <= 200_000


def test_the_router_needs_neither_numpy_nor_torch() -> None:
    program = (
        "import sys, homeward.box.router as router; router.domain('hi'); "
        "print([name for name in ('numpy', 'torch', 'xllamacpp') if name in sys.modules])"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert finished.stdout.strip() == "[]"


@pytest.mark.parametrize("prompt", ["", "\x00", "\ud800 is half a character", "!" * 5_000_000])
def test_odd_prompts_are_for_nobody(prompt: str) -> None:
    assert router.domain(prompt)[0] == "none"
