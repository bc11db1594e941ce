"""A conversation in a terminal."""

import os
import select
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.cli.program import Program
from tests.cli.test_streams import PROGRAM, environment
from tests.contract import PATIENCE

pty = pytest.importorskip("pty")

FILE = """
models:
  back: {echo: {prefix: "back: "}}
  slow: {scripted: {says: [one, two], every: 3600}}
default: back
"""


class Terminal:
    def __init__(self, master: int, process: subprocess.Popen[bytes]) -> None:
        self.master = master
        self.process = process
        self.unread = b""

    def type(self, words: str) -> None:
        os.write(self.master, words.encode())

    def until(self, words: str) -> None:
        """Read the screen up to the end of these words."""
        while words.encode() not in self.unread:
            assert self.readable(PATIENCE), f"{words!r} does not come after {self.unread!r}"
            self.unread += os.read(self.master, 1024)
        self.unread = self.unread.partition(words.encode())[2]

    def interrupt(self) -> None:
        """Ctrl-C; again where readline was just about to wait, and did not see it."""
        for _ in range(30):
            self.process.send_signal(signal.SIGINT)
            if self.readable(2.0):
                return
        raise AssertionError("Ctrl-C is not heard")

    def readable(self, within: float) -> bool:
        return bool(select.select([self.master], [], [], within)[0])


@contextmanager
def talking(home: Path, *words: str) -> Iterator[Terminal]:
    (home / "homeward.yaml").write_text(FILE)
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "chat", *words],
        cwd=home,
        env=environment(home),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    )
    os.close(slave)
    try:
        yield Terminal(master, process)
    finally:
        process.kill()
        process.wait()
        os.close(master)


def test_ctrl_c_at_the_prompt_drops_the_line_and_ctrl_d_leaves(tmp_path: Path) -> None:
    with talking(tmp_path) as terminal:
        terminal.until("› ")
        terminal.interrupt()
        terminal.until("(Ctrl-D leaves)")
        terminal.type("still here\n")
        terminal.until("back: still here")
        terminal.until("› ")
        terminal.type("\x04")
        assert terminal.process.wait(PATIENCE) == 0


def test_ctrl_c_stops_an_answer_and_not_the_conversation(tmp_path: Path) -> None:
    with talking(tmp_path, "--route", "slow") as terminal:
        terminal.until("› ")
        terminal.type("hello\n")
        terminal.until("one")
        terminal.interrupt()
        terminal.until("(interrupted)")
        terminal.type("/route back\nagain\n")
        terminal.until("back: again")


def test_a_word_that_is_no_clearance_is_wrong_usage(homeward: Program) -> None:
    run = homeward("chat", "--clearance", "moon")
    assert run.code == 2
    assert "machine, network, world" in run.err


def test_a_conversation_that_has_grown_too_long_is_told_how_to_go_on(homeward: Program) -> None:
    run = homeward("chat", "--route", "box/draft", stdin="hello\n" + 300 * "word " + "\n")
    assert "does not fit the context window" in run.err
    assert "/clear forgets the conversation" in run.err
