"""Outcome tables: what several models answered to one prompt, and how good it was.

One JSON object per line, gzipped or plain. The `recorded` backend plays them back, `evaluate`
walks routes over them. A row needs only its ``prompt``; `score` is the source's own grading.
"""

import codecs
import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO, Literal

import msgspec
from msgspec import Meta, Struct, field

from homeward.errors import ConfigError

Check = Literal["number", "line", "python", "refusal"]
Share = Annotated[float, Meta(ge=0, le=1)]
Dollars = Annotated[float, Meta(ge=0)]


class RecordedAnswer(Struct, frozen=True):
    """One model's answer. ``chars`` is the length of the whole answer."""

    score: Share
    text: str | None = None
    answer: str | None = None  # the typed answer alone, where the source kept no text
    chars: int | None = None
    cost_usd: Dollars | None = None
    usd_per_mtok: Dollars | None = None  # list price of a million tokens, in and out

    @property
    def said(self) -> str:
        """What is played back; empty where only the score was recorded."""
        return self.text or self.answer or ""


class Row(Struct, frozen=True):
    """One prompt. ``check`` says how a new answer is graded against ``reference``."""

    prompt: str
    id: str = ""
    group: str | None = None
    reference: str | None = None
    check: Check | None = None
    tests: tuple[str, ...] = ()  # only for check "python": assert statements that call `f`
    answers: dict[str, RecordedAnswer] = field(default_factory=dict[str, RecordedAnswer])


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
    except msgspec.MsgspecError as error:
        raise ConfigError(f"line {number} of {path} is no row of outcomes: {error}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise ConfigError(f"{path} is damaged after line {number}; copy it again") from None
    except FileNotFoundError:
        raise ConfigError(f"there is no outcome table at {path}; check the field `table`") from None
    except OSError as error:
        raise ConfigError(f"cannot read the outcome table {path}: {error.strerror}") from None


def _unzipped(raw: BinaryIO) -> BinaryIO | gzip.GzipFile:
    """Told by its first bytes: a download often loses the ``.gz`` of its name."""
    zipped = raw.read(2) == b"\x1f\x8b"
    raw.seek(0)
    return gzip.GzipFile(fileobj=raw) if zipped else raw
