"""Small Python functions: 64 fixed ones and fourteen with a number in them, from functions.txt.

What is held out is a function in one wording, or one value of the number; the 64 functions
themselves are all in training.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from random import Random

from data.row import Row

WORDINGS = (
    "Write a Python function to {d}.", "Write a Python function that can {d}.",
    "Python function to {d}", "Implement {n} in Python to {d}.", "Give me Python code to {d}.",
    "How do I {d} in Python?", "Can you write a function to {d}?", "I need a function {n} to {d}.",
    "Python: {d}", "Create a function called {n} to {d}.", "Show me how to {d} with Python.",
    "Code a function to {d}.", "Write a function to {d}.", "Write code in Python to {d}.",
    "Write a Python function called {n} to {d}.", "{d} in Python", "Write a function that {s}.",
    "Write a Python function that {s}.", "Python function that {s}", "Write Python code that {s}.",
)  # fmt: skip
TWINS = (
    "celsius_to_fahrenheit fahrenheit_to_celsius larger smaller find_max find_min is_even "
    "is_odd even_numbers odd_numbers gcd lcm first_char last_char first_item last_item "
    "to_upper to_lower sort_list sort_descending is_positive is_negative is_palindrome "
    "reverse_string"
)
"""Functions easily answered with their neighbour's body; they are asked twice as often."""
NUMBERED_SHARE = 0.35


@dataclass(frozen=True, slots=True)
class Function:
    task: str
    name: str
    source: str
    calls: tuple[str, ...]
    """Arguments to try it with, such as "(3, 4)"."""

    def with_number(self, k: int) -> "Function":
        def put(text: str) -> str:
            return text.replace("{k}", str(k))

        calls = tuple(map(put, self.calls))
        return Function(put(self.task), put(self.name), put(self.source), calls)


def draw(rng: Random) -> Row:
    wording = rng.choice(WORDINGS)
    if rng.random() < NUMBERED_SHARE:
        function, k = rng.choice(NUMBERED), rng.randint(2, 99)
        return question(wording, function.with_number(k), "numbered", (function.name, k))
    function = rng.choices(FIXED, [1 + (f.name in TWINS.split()) for f in FIXED])[0]
    return question(wording, function, "fixed", (function.name, wording))


def question(wording: str, function: Function, kind: str, content: tuple[object, ...]) -> Row:
    task = function.task
    prompt = wording.format(d=task, n=function.name, s=third_person(task))
    prompt = prompt[0].upper() + prompt[1:]
    return Row(
        prompt, function.source, "code", kind, function.source, "python", content,
        tests=assertions(function),
    )  # fmt: skip


def third_person(task: str) -> str:
    """Turns "reverse a string" into "reverses a string"."""
    verb, rest = task.split(" ", 1)
    if verb.endswith("y"):
        verb = verb[:-1] + "ie"
    elif verb.endswith(("ch", "sh", "s")):
        verb += "e"
    return f"{verb}s {rest}"


def assertions(function: Function) -> tuple[str, ...]:
    """What the function itself answers, as assert statements about a function named `f`."""
    scope: dict[str, object] = {}
    exec(function.source, scope)  # our own text, from functions.txt
    return tuple(
        f"assert f{arguments(call)} == {eval(function.name + arguments(call), scope)!r}"
        for call in function.calls
    )


def arguments(call: str) -> str:
    """Writes "(3,)" as "(3)": a tuple written as the arguments of a call."""
    return call.replace(",)", ")")


def read_functions(text: str) -> list[Function]:
    functions = []
    for block in text.strip().split("\n\n"):
        task, *lines = block.split("\n")
        calls = tuple(line[4:] for line in lines if line.startswith(">>> "))
        source = "\n".join(line for line in lines if not line.startswith(">>> "))
        name = re.match(r"def ([\w{}]+)", source)
        assert name, block
        functions.append(Function(task, name[1], source, calls))
    return functions


ALL = read_functions((Path(__file__).parent / "functions.txt").read_text())
NUMBERED = [function for function in ALL if "{k}" in function.source]
FIXED = [function for function in ALL if "{k}" not in function.source]
