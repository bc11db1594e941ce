import pytest

from homeward.model import Message, Request
from homeward.signals.task import Task

EXPECTED = {
    "code": [
        "Write a Python function that returns the nth Fibonacci number.",
        "Why does this segfault?\n```c\nint *p = 0; *p = 1;\n```",
        "Refactor this class to use dataclasses.",
        "Write a SQL query for the ten best customers.",
        "What does a stack trace with a null pointer exception tell me?",
        "Give me a regex that matches IPv4 addresses.",
        "def add(a, b):\n    return a - b\n\nThis is wrong, isn't it?",
        "How do I debug a memory leak in Rust?",
        "Explain what this JavaScript code does: [1,2].map(x => x)",
    ],
    "mathematics": [
        "What is 17 + 25?",
        "Solve for x: 3x + 4 = 19",
        "Prove that the square root of 2 is irrational.",
        "Calculate the area of a circle with radius 5.",
        "Ann has 3 apples and buys 4 more for $2. How much did she spend?",
        "What is the derivative of x^3?",
        "What is the probability of two heads in three tosses?",
        "Find the perimeter of a rectangle of 3 by 4.",
    ],
    "translation": [
        "Translate 'good morning' into French.",
        "How do you say 'thank you' in Japanese?",
        "Translate the following paragraph to German: The house is old.",
        "What is the English translation of 'Fernweh'?",
        "Übersetze diesen Satz ins Englische.",
    ],
    "summary": [
        "Summarize the following article in three sentences.",
        "Give me a summary of Hamlet.",
        "TL;DR of this thread please",
        "What are the key points of this report?",
        "Condense this to one paragraph.",
        "What are the main ideas in this essay?",
    ],
    "extraction": [
        "Extract all email addresses from this text.",
        "List all the companies mentioned in this text.",
        "Pull out the dates and the amounts from the invoice as JSON.",
        "Find all names of people in the letter below.",
        "Which cities are mentioned in the passage?",
    ],
    "classification": [
        "Classify this review: 'It broke after a day.'",
        "What is the sentiment of this tweet?",
        "Is this email spam or not?",
        "Categorize these expenses.",
        "Which category does this ticket belong to: billing, technical, other?",
    ],
    "rewriting": [
        "Rewrite this email to be more formal.",
        "Proofread my cover letter.",
        "Make this more concise: I am writing to you in order to ask.",
        "Rephrase the sentence in plain words.",
        "Fix the grammar of: he go to school.",
    ],
    "creative": [
        "Write a poem about the sea.",
        "Tell me a story about a dragon who is afraid of fire.",
        "Compose a haiku about autumn.",
        "Brainstorm names for my bakery.",
        "Write a limerick on Mondays.",
        "Imagine you are a lighthouse keeper and describe your day.",
    ],
    "question": [
        "Who wrote The Brothers Karamazov?",
        "What is the capital of Australia?",
        "Why is the sky blue?",
        "Explain how vaccines work.",
        "Is Pluto a planet?",
        "When did the Berlin Wall fall?",
    ],
    "chat": [
        "Hello!",
        "hi, how are you today?",
        "Thanks, that helped.",
        "Good morning",
        "I had a long day.",
    ],
}


@pytest.mark.parametrize(
    ("prompt", "label"), [(prompt, label) for label, them in EXPECTED.items() for prompt in them]
)
async def test_names_the_task(prompt: str, label: str) -> None:
    reading = await Task()(Request.of(prompt))
    assert reading.label == label, reading.numbers


async def test_the_score_is_higher_with_more_evidence() -> None:
    plain = await Task()(Request.of("Fix my function."))
    sure = await Task()(Request.of("Fix my Python function:\n```\nx\n```"))
    assert plain.score is not None
    assert sure.score is not None
    assert 0 < plain.score < sure.score < 1


async def test_without_a_user_message_it_abstains() -> None:
    assert (await Task()(Request((Message("system", "Write Python."),)))).label is None


async def test_an_instruction_after_a_long_text_is_read() -> None:
    prompt = "The rain fell. " * 2000 + "\nSummarize this."
    assert (await Task()(Request.of(prompt))).label == "summary"


async def test_the_middle_of_a_long_text_is_not_read() -> None:
    filler = "The rain fell. " * 2000
    reading = await Task()(Request.of(f"{filler} Summarize this. {filler}"))
    assert reading.label == "chat"
