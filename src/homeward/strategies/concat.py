"""Concat: every answer under the name of who gave it."""

import re
from dataclasses import dataclass
from typing import ClassVar

from homeward.model import CHARACTERS_PER_TOKEN, Decision, Finish, Note, Stream, Text
from homeward.strategies.ensemble import Panel, same_words


@dataclass(frozen=True)
class Concat:
    """A section ``## label`` per answer, in the order of the models; repeated answers once.

    Streams section by section: the first one word by word, each further one as soon as it is
    whole and those before it are said. A section longer than ``tokens`` (about, by characters)
    is cut, and a code block that is open at a section's end is closed. A member that fails after
    its words were said is marked as cut short; one that fails before is left out. Members are
    asked not to call tools, and what they say of reasoning is dropped.
    """

    tokens: int | None = None
    tools: ClassVar[bool] = False

    async def merge(self, panel: Panel) -> Stream:
        said: dict[str, list[str]] = {}  # labels by what they answered, in the order of sections
        finish: Finish | None = None
        for member in panel.members:
            section = _Section(member.label, self.tokens, first=not said)
            if not said and (opening := section.more(member.text)):
                yield Text(opening)
            while not member.ended and (arrival := await panel.next()) is not None:
                event = arrival.event
                if isinstance(event, Note):
                    yield event
                elif (
                    not said
                    and arrival.child is member
                    and isinstance(event, Text)
                    and (piece := section.more(event.text))
                ):
                    yield Text(piece)
            key = same_words(member.text)
            if not section.begun and (not member.answered or not key):
                continue
            if key in said and member.answered:
                said[key].append(member.label)
                continue
            if not section.begun:
                yield Text(section.more(member.text))
            yield Text(section.end(cut_short=not member.answered))
            said[key] = [member.label]
            finish = member.finish
        for note in await panel.close():
            yield note
        answers = panel.answers()
        for labels in said.values():
            if len(labels) > 1:
                yield Text(f"\n{len(labels)} of {len(answers)} agree: {', '.join(labels)}.\n")
        kept = [label for labels in said.values() for label in labels]
        for note in panel.candidates("concat", kept):
            yield note
        numbers = {"answers": float(len(answers)), "sections": float(len(said))}
        yield Decision("concat", ", ".join(kept), "every answer was kept", numbers)
        if len(said) > 1:
            yield Finish()
        else:
            yield finish or answers[0].finish


class _Section:
    """What is said of one member, piece by piece."""

    def __init__(self, label: str, tokens: int | None, *, first: bool) -> None:
        self._header = f"{'' if first else chr(10)}## {label}\n\n"
        self._room = None if tokens is None else tokens * CHARACTERS_PER_TOKEN
        self._text = ""
        self._cut = False

    @property
    def begun(self) -> bool:
        return bool(self._text)

    def more(self, piece: str) -> str:
        header = "" if self.begun else self._header
        if self._room is not None and len(self._text) + len(piece) > self._room:
            piece, self._cut = piece[: self._room - len(self._text)], True
        self._text += piece
        return header + piece if piece else ""

    def end(self, *, cut_short: bool) -> str:
        fence = open_code_block(self._text)
        closing = f"\n{fence}" if fence else ""
        mark = "\n\n*cut short*" if cut_short else "\n\n*...*" if self._cut else ""
        return f"{closing}{mark}\n"


def open_code_block(text: str) -> str:
    """The fence that closes the Markdown code block that is open at the end; else empty."""
    fence = ""
    for found in re.finditer(r"^ {0,3}(`{3,}|~{3,})(.*)$", text, re.MULTILINE):
        mark, info = found[1], found[2]
        if not fence and not (mark[0] == "`" and "`" in info):
            fence = mark
        elif fence and mark.startswith(fence) and not info.strip():
            fence = ""
    return fence
