import json
from importlib import import_module
from itertools import islice
from pathlib import Path
from random import Random

task_prompts = import_module("data.task_prompts")
HELD_OUT = Path(__file__).parents[1] / "signals" / "task_prompts.jsonl"


def test_every_line_of_the_grammar_can_be_said() -> None:
    found, rng = task_prompts.grammar(), Random(0)
    for templates in found.tasks.values():
        for template in templates:
            prompt = found.draw(template, rng)
            assert "[" not in prompt.replace("[[", "").replace("[1", "").replace("[map", ""), (
                template
            )
            assert not any(f"{{{name}}}" in prompt for name in found.slots), template


def test_the_same_seed_says_the_same() -> None:
    one, other = (list(islice(task_prompts.prompts(Random("x")), 200)) for _ in range(2))
    assert one == other


def test_the_prompts_held_out_are_not_said() -> None:
    held_out = {json.loads(line)["prompt"].lower() for line in HELD_OUT.read_text().splitlines()}
    said = {
        prompt.lower() for prompt, _ in islice(task_prompts.prompts(Random("task prompts")), 12_000)
    }
    assert held_out.isdisjoint(said)
