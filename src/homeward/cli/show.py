"""How an answer is shown: the words as they come, and under them one line that says how."""

import shutil
import sys
import textwrap
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, TextIO

import msgspec

from homeward.cli.text import dim, printable
from homeward.errors import HomewardError
from homeward.model import Answer, Clearance, Event, Reasoning, Text, Usage


@dataclass
class Shown:
    """One answer on its way to a terminal, a pipe or, with ``json``, a program.

    Words go to ``out`` as they come; what is said about them goes to ``aside``: under the answer
    in a terminal, out of the way (standard error) in a pipe.
    """

    json: bool = False
    work: bool = False  # also each model's own answer, and every decision
    reasoning: bool = False
    quiet: bool = False
    out: TextIO = field(default_factory=lambda: sys.stdout)
    events: list[Event] = field(default_factory=list[Event])
    began: float = field(default_factory=time.monotonic)

    @property
    def aside(self) -> TextIO:
        return self.out if self.out.isatty() else sys.stderr

    def feed(self, event: Event) -> None:
        self.events.append(event)
        if self.json:
            return
        match event:
            case Text():
                self.out.write(printable(event.text))
                self.out.flush()
            case Reasoning() if self.reasoning:
                self.aside.write(printable(event.text))
                self.aside.flush()
            case _:
                pass

    def broken_off(self) -> None:
        """The answer failed in the middle: what is said next begins on a line of its own."""
        if not self.json and any(isinstance(event, Text) for event in self.events):
            self.out.write("\n")
            self.out.flush()

    def end(self, route: str) -> None:
        """The answer is whole: show what there is to say about it."""
        answer = Answer(tuple(self.events))
        seconds = time.monotonic() - self.began
        if self.json:
            self.out.write(msgspec.json.encode(as_json(answer, route, seconds)).decode() + "\n")
            return
        self.out.write("\n")
        for call in answer.tool_calls:
            self.out.write(printable(f"{call.name}({call.arguments})") + "\n")
        self.out.flush()
        if self.work:
            from homeward.cli.work import show_work  # with rich, which the rest does without

            show_work(answer, self.aside)
        if not self.quiet:
            line = summary(answer, seconds)
            if self.aside.isatty():  # which would break it within a word
                line = textwrap.fill(line, shutil.get_terminal_size().columns)
            print(dim(line, self.aside), file=self.aside)


def summary(answer: Answer, seconds: float) -> str:
    """One line: who answered, how the answer was made, and what it took."""
    calls = Counter(bill.model for bill in answer.usage)
    who = ", ".join(name if n == 1 else f"{name} ×{n}" for name, n in calls.items())
    how = "; ".join(f"{d.by}: {d.because or d.chose}" for d in answer.decisions)
    tokens = sum(bill.input_tokens + bill.output_tokens for bill in answer.usage)
    about = "about " if any(bill.estimated for bill in answer.usage) else ""
    parts = [
        who or "no model was asked",
        how,
        f"{about}{tokens:,} tokens",
        f"{seconds:.2f} s",
        travelled(answer.usage),
    ]
    return printable("— " + " · ".join(part for part in parts if part)).replace("\n", " ")


def travelled(bills: Sequence[Usage]) -> str:
    """How far the question went, and what it cost where that is known."""
    if not bills:
        return ""
    places = {
        Clearance.MACHINE: "stayed on this machine",
        Clearance.NETWORK: "stayed in your network",
        Clearance.WORLD: "left your network",
    }
    costs = [bill.cost_usd for bill in bills if bill.cost_usd is not None]
    money = f" · ${sum(costs):.4f}" if any(costs) else ""
    return places[max(bill.where for bill in bills)] + money


def as_json(answer: Answer, route: str, seconds: float) -> dict[str, Any]:
    """What ``--json`` prints; the keys are documented in docs/command-line.md."""
    return {
        "answer": answer.text,
        "reasoning": answer.reasoning or None,
        "tool_calls": [
            {"id": call.id, "name": call.name, "arguments": call.arguments}
            for call in answer.tool_calls
        ],
        "finish": answer.finish.reason if answer.finish else None,
        "route": route,
        "model": answer.finish.model if answer.finish else "",
        "models": list(dict.fromkeys(bill.model for bill in answer.usage)),
        "decisions": answer.decisions,
        "candidates": answer.candidates,
        "usage": answer.usage,
        "seconds": round(seconds, 4),
    }


def show_error(error: HomewardError, *, json: bool) -> None:
    """One sentence; for a program, with the error's kind and nothing else on standard output."""
    if json:
        problem = {"error": {"kind": type(error).__name__, "message": str(error)}}
        print(msgspec.json.encode(problem).decode())
    print(printable(f"homeward: {error}"), file=sys.stderr)
