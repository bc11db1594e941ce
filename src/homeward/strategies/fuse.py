"""Fuse: a judge reads all the answers and writes one."""

from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import ClassVar

from msgspec.structs import replace

from homeward.errors import ModelError
from homeward.fence import LETTERS, fenced
from homeward.model import (
    CHARACTERS_PER_TOKEN,
    Call,
    Decision,
    Event,
    Finish,
    Message,
    Model,
    Note,
    Request,
    Stream,
    Text,
    TextPart,
    unbilled,
)
from homeward.reading import Extractor
from homeward.strategies.children import Child
from homeward.strategies.ensemble import Panel, contestants

LONGEST = 1.3  # a fused answer may be this much longer than the longest it was made of
ALWAYS = 200 * CHARACTERS_PER_TOKEN  # and this long in any case

TASK = (
    "Other models have answered this already; their answers follow. Write the one best answer: "
    "rely on what can be checked, keep what only one of them says if it is well founded, correct "
    "what is wrong, and if nothing improves the best of them, copy it word for word. Do not "
    "mention that there were other answers."
)


@dataclass(frozen=True)
class Fuse:
    """``judge``, best the strongest model there is, writes one answer from all of them.

    It is given the full conversation and, fenced and anonymous, the different answers with at
    most ``shown`` tokens of each. It is not asked when there is nothing to fuse: one answer is
    left, all are identical, or all typed answers that ``extract`` finds are the same, which no
    judge may overrule. An answer that speaks to the judge is left out. The fused answer is cut
    (finish ``length``) at 1.3 times the longest it was made of.

    Streams the judge's words. A judge that fails, or ends, before its first word is replaced by
    the best prior answer; afterwards its failure is the answer's. Members are asked not to call
    tools; the judge may.
    """

    judge: Model
    extract: Extractor | None = None
    shown: int = 1500
    tools: ClassVar[bool] = False

    async def merge(self, panel: Panel) -> Stream:
        async with aclosing(panel.gather(extract=self.extract)) as notes:
            async for note in notes:
                yield note
        answers = panel.answers()
        different = contestants(answers)[: len(LETTERS)]
        voice, because = self._settled(panel, answers, different)
        numbers = {"answers": float(len(answers)), "different": float(len(different))}
        if voice is None:
            spoken = False
            async with aclosing(self._judged(panel, different)) as events:
                async for event in events:
                    if not spoken and not isinstance(event, Note):
                        spoken = True
                        for note in panel.candidates("fuse", [m.label for m in different]):
                            yield note
                        yield Decision("fuse", "merged", "the answers differ", numbers)
                    yield event
            if spoken:
                return
            voice, because = different[0], "the judge said nothing: the first in prior order"
            numbers["degraded"] = 1.0
        for note in panel.candidates("fuse", [voice.label]):
            yield note
        yield Decision("fuse", voice.label, because, numbers)
        for event in voice.words:
            yield event
        yield voice.finish

    def _settled(
        self, panel: Panel, answers: Sequence[Child], different: Sequence[Child]
    ) -> tuple[Child | None, str]:
        """Whose answer stands without a judge, and why."""
        if len(different) == 1:
            return different[0], "one answer is left" if len(answers) == 1 else "nothing to fuse"
        if self.extract is not None:
            typed = panel.typed
            values = [value for value in typed.values() if value is not None]
            if len(values) > 1 and len(set(values)) == 1:
                voices = [member for member in different if typed[member.label] is not None]
                return (voices or different)[0], f"all typed answers are {values[0][:80]}"
        return None, ""

    async def _judged(self, panel: Panel, different: Sequence[Child]) -> Stream:
        """The judge's stream, cut to length; without any words when it fails before the first."""
        request = _with_answers(panel.request, panel.shuffled(different), self.shown)
        room = max(ALWAYS, int(LONGEST * max(len(member.text) for member in different)))
        seen: list[Event] = []
        spoken = cut = False
        try:
            async with aclosing(self.judge.chat(request)) as events:
                async for event in events:
                    seen.append(event)
                    if isinstance(event, Finish) and not spoken:
                        return
                    spoken = spoken or not isinstance(event, Note)
                    if isinstance(event, Text):
                        if len(event.text) > room:
                            yield Text(event.text[:room])
                            cut = True
                            break
                        room -= len(event.text)
                    yield event
        except ModelError:
            if spoken:
                raise
            return
        if cut:
            for bill in unbilled(seen):
                yield bill
            model = next((event.model for event in reversed(seen) if isinstance(event, Call)), "")
            yield Finish("length", model)


def _with_answers(request: Request, answers: Sequence[Child], shown: int) -> Request:
    """The conversation, with the answers at the end of what the user said last."""
    block = fenced(zip(LETTERS, (member.text for member in answers), strict=False), shown)
    asked = f"{TASK}\n\n{block}"
    *before, last = request.messages
    if last.role != "user":
        return request.with_(messages=(*request.messages, Message("user", asked)))
    content = (
        f"{last.content}\n\n{asked}"
        if isinstance(last.content, str)
        else (*last.content, TextPart(asked))
    )
    return request.with_(messages=(*before, replace(last, content=content)))
