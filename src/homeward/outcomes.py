"""Outcome tables: what several models answered to one prompt, and how good it was.

One JSON object per line, gzipped or plain. The `recorded` backend plays them back, `evaluate`
walks routes over them, `export` writes them from the ledger. A row needs only its ``prompt``;
`score` is the source's own grading.
"""

import codecs
import gzip
import zlib
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import msgspec
from msgspec import Meta, Struct, field

from homeward.errors import ConfigError
from homeward.model import Clearance, Message, Request

Check = Literal["number", "line", "python", "refusal"]
Where = Literal["machine", "network", "world"]
Share = Annotated[float, Meta(ge=0, le=1)]
Dollars = Annotated[float, Meta(ge=0)]
EXAMPLE = '{"prompt": "...", "answers": {"small": {"score": 0.5}}}, with scores from 0 to 1'


class RecordedAnswer(Struct, frozen=True, omit_defaults=True):
    """One model's answer. ``score`` is None where nobody graded it.

    ``chars`` is the length of the whole answer, ``where`` how far from here the model works.
    """

    score: Share | None = None
    text: str | None = None
    answer: str | None = None  # the typed answer alone, where the source kept no text
    chars: int | None = None
    cost_usd: Dollars | None = None
    usd_per_mtok: Dollars | None = None  # list price of a million tokens, in and out
    where: Where | None = None

    @property
    def said(self) -> str:
        """What is played back; empty where only the score was recorded."""
        return self.text or self.answer or ""


class Given(Struct, frozen=True, omit_defaults=True):
    """What the user was given at the time, in a row that is history.

    ``model`` is whose voice was heard, empty where it was no single one's. ``at`` is in seconds
    since 1970; ``cost_usd`` is of all calls on its behalf, None where a price is not known.
    ``where`` is the farthest place that the request went to, ``clearance`` how far it might have.
    """

    route: str = ""
    model: str = ""
    at: float = 0.0
    score: Share | None = None
    cost_usd: Dollars | None = None
    where: Where | None = None
    clearance: Where = "machine"


class Row(Struct, frozen=True, omit_defaults=True):
    """One prompt. ``check`` says how a new answer is graded against ``reference``.

    ``messages`` are the whole conversation where it is more than the prompt. Rows of one
    ``conversation`` are alike, and count together in intervals.
    """

    prompt: str
    id: str = ""
    group: str | None = None
    reference: str | None = None
    check: Check | None = None
    tests: tuple[str, ...] = ()  # only for check "python": assert statements that call `f`
    answers: dict[str, RecordedAnswer] = field(default_factory=dict[str, RecordedAnswer])
    messages: tuple[Message, ...] = ()
    conversation: str = ""
    given: Given | None = None

    def request(self, clearance: Clearance) -> Request:
        """What is asked; its ``trace`` is the row's id. No farther than the row itself might."""
        messages = self.messages or (Message("user", self.prompt),)
        if self.given is not None:
            clearance = min(clearance, Clearance.parse(self.given.clearance))
        return Request(messages, clearance=clearance, trace=self.id)


def read(table: str | Path) -> Iterator[Row]:
    """The rows of a table, one at a time; `ConfigError` names the line that is wrong.

    A row without an id gets its line's number, so that rows with one prompt can be told apart.
    """
    path = Path(table).expanduser()
    decoder = msgspec.json.Decoder(Row)
    number = 0
    try:
        with path.open("rb") as raw, _unzipped(raw) as lines:
            for line in lines:
                number += 1
                line = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
                if line.strip():
                    row = decoder.decode(line)
                    yield row if row.id else msgspec.structs.replace(row, id=f"line {number}")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigError(
            f"line {number} of {path} is no row of outcomes: {error}; a row is {EXAMPLE}"
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ConfigError(f"{path} is damaged after line {number}; copy it again") from None
    except FileNotFoundError:
        raise ConfigError(f"there is no outcome table at {path}; check its path") from None
    except OSError as error:
        raise ConfigError(f"cannot read the outcome table {path}: {error.strerror}") from None


def _unzipped(raw: BinaryIO) -> BinaryIO | gzip.GzipFile:
    """Told by its first bytes: a download often loses the ``.gz`` of its name."""
    zipped = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw) if zipped else raw


def insist(rows: Sequence[Row], models: Iterable[str]) -> None:
    """`ConfigError` for a model that no row has an answer of; it says which may be meant."""
    known = dict.fromkeys(name for row in rows for name in row.answers)
    for model in models:
        if model in known:
            continue
        if not known:
            raise ConfigError(f"no row has an answer of {model!r} or another; a row is {EXAMPLE}")
        lower = {name.lower(): name for name in known}
        near = get_close_matches(model.lower(), lower, 1, 0.5)
        guess = f"did you mean {lower[near[0]]!r}? There" if near else "there"
        raise ConfigError(f"no row has an answer of {model!r}; {guess} are {', '.join(known)}")


def line(row: Row) -> bytes:
    """A row as `read` reads it, without what is empty, and with the end of its line."""
    values = msgspec.to_builtins(row)
    if "messages" in values:
        values["messages"] = [
            {name: value for name, value in message.items() if value or name in ("role", "content")}
            for message in values["messages"]
        ]
    return msgspec.json.encode(values) + b"\n"
