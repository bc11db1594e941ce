"""Asking the system several things at once, of which any may never answer.

A driver that hangs cannot be interrupted. So each question is asked by a thread of its own, which
does not keep the process alive, and whoever waits does so until a deadline only.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from homeward.machine.hardware import Probe

T = TypeVar("T")

SAY_IT = "say what there is with --vram 24GiB, or 0 for none"


@dataclass(frozen=True)
class Told(Generic[T]):
    """An answer. ``found`` is what the system said, shortened; ``problem`` what it did not say."""

    value: T
    found: str = ""
    problem: str = ""


class Asked(Generic[T]):
    """A question that is on its way. ``remedy`` says what to do if it stays unanswered."""

    def __init__(self, name: str, question: Callable[[], Told[T]], remedy: str = "") -> None:
        self._name, self._question, self._remedy = name, question, remedy
        self._began, self._ended = time.perf_counter(), 0.0
        self._told: Told[T] | None = None
        self._problem = ""
        self._done = threading.Event()
        threading.Thread(target=self._ask, name=f"scan {name}", daemon=True).start()

    def _ask(self) -> None:
        try:
            self._told = self._question()
        except Exception as error:  # one broken driver is no reason to know nothing of the rest
            self._problem = f"{type(error).__name__}: {error}"
        self._ended = time.perf_counter()
        self._done.set()

    def answer(self, deadline: float) -> tuple[Told[T] | None, Probe]:
        """What was told, None for nothing, and its record.

        ``deadline`` is in seconds from when it was asked.
        """
        if not self._done.wait(max(0.0, self._began + deadline - time.perf_counter())):
            late = f"did not answer within {deadline:g} s; {self._remedy}".strip("; ")
            return None, Probe(name=self._name, seconds=deadline, problem=late)
        seconds, told = self._ended - self._began, self._told
        if told is None:
            problem = f"{self._problem}; {self._remedy}".strip("; ")
            return None, Probe(name=self._name, seconds=seconds, problem=problem)
        probe = Probe(name=self._name, seconds=seconds, found=told.found, problem=told.problem)
        return told, probe
