"""Prompts with the task that they ask for, drawn from the grammar in task_grammar.txt."""

import re
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from random import Random

_CHOICE = re.compile(r"\[([^\[\]]*)\]")
_SLOT = re.compile(r"\{(\w+)\}")
_POLITE = (
    "please ",
    "can you ",
    "could you please ",
    "hey, ",
    "hi! ",
    "I need help: ",
    "quick one: ",
)
_ASKED = ("code", "extraction", "classification", "rewriting", "summary", "translation", "planning")
"""Tasks of which a polite word at the beginning does not make another."""


class Grammar:
    def __init__(self, text: str) -> None:
        self.tasks: dict[str, list[str]] = {}
        self.slots: dict[str, list[str]] = {}
        section = ""
        for line in text.splitlines():
            if line.startswith("== "):
                section = line[3:].strip()
            elif not line.strip() or line.startswith("# "):
                continue
            elif section == "slots":
                name, _, values = line.partition(": ")
                self.slots[name] = values.split("|")
            else:
                self.tasks.setdefault(section, []).append(line)

    def draw(self, template: str, rng: Random) -> str:
        """One way to say it; slots may stand within choices and within slots."""
        text = template
        while _CHOICE.search(text):
            text = _CHOICE.sub(lambda match: rng.choice(match[1].split("|")), text)
        for _ in range(3):
            text = _SLOT.sub(lambda match: self._value(match, rng), text)
        return re.sub(r" +([.,?!])", r"\1", " ".join(text.split()))

    def _value(self, match: re.Match[str], rng: Random) -> str:
        values = self.slots.get(match[1])
        return rng.choice(values) if values else match[0]


def grammar() -> Grammar:
    return Grammar((Path(__file__).parent / "task_grammar.txt").read_text())


def prompts(rng: Random) -> Iterator[tuple[str, str]]:
    """Prompts and tasks without end, all tasks in turn, every line of the grammar in turn."""
    found = grammar()
    for place in count():
        for task, templates in found.tasks.items():
            yield styled(found.draw(templates[place % len(templates)], rng), task, rng), task


def styled(prompt: str, task: str, rng: Random) -> str:
    """As people type: polite words, capitals or none, no full stop, a line before what is read."""
    if task in _ASKED and rng.random() < 0.15:
        prompt = rng.choice(_POLITE) + prompt
    if rng.random() < 0.6:
        prompt = prompt[:1].upper() + prompt[1:]
    if rng.random() < 0.2:
        prompt = prompt.rstrip(".?!")
    if rng.random() < 0.3:
        prompt = prompt.replace(": ", ":\n", 1)
    return prompt
