"""JSON that others wrote: typed from an answer, field by field from a request.

What nobody reads of a request goes on in ``extra``, in the shape that it had. Two keys of it need
a convention: what lay *beside* something that we do read (``cache_control`` on a tool) is kept
under that thing's name and a ``+``, and is put back only where the thing itself is sent.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from msgspec import MsgspecError, ValidationError, convert, json

from homeward.errors import Garbled, Rejected

T = TypeVar("T")
LONGEST = 300  # characters of a stranger's words that are quoted
MOST_OBJECTS = 100_000  # of a request: to read so many takes half a second
BAD_JSON = (MsgspecError, UnicodeDecodeError, RecursionError)


def read(decoder: json.Decoder[T], data: bytes) -> T:
    """A piece of an answer; Garbled when it is not JSON of the shape the protocol promises."""
    try:
        return decoder.decode(data)
    except BAD_JSON as error:
        start = shown(data[:80].decode(errors="replace"))
        raise Garbled(f"the runtime sent what its protocol does not have ({error}): {start}") from (
            error
        )


def shown(text: str) -> str:
    """A stranger's words for a sentence of ours: one line, cut, nothing that moves a terminal."""
    words = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return words if len(words) <= LONGEST else words[: LONGEST - 1] + "…"


class Fields:
    """A JSON object of a request, read field by field; ``rest`` is what nobody has read."""

    def __init__(self, value: Any, at: str = "") -> None:
        if not isinstance(value, dict):
            raise Rejected(f"{at or 'the request'} is not a JSON object")
        self.rest: dict[str, Any] = dict(value)
        self._at = at

    @classmethod
    def of(cls, body: bytes) -> "Fields":
        """A request's body. While it is read nobody else is answered, so it has a bound."""
        if body.count(b"{") > MOST_OBJECTS:
            raise Rejected(
                f"the request has more than {MOST_OBJECTS} objects: send fewer messages and parts"
            )
        try:
            return cls(json.decode(body))
        except BAD_JSON as error:
            raise Rejected(f"the request is not JSON: {error}") from error

    def take(self, name: str, kind: type[T]) -> T | None:
        """A field's value, None when it is absent or null; Rejected when it is no ``kind``."""
        value = self.rest.pop(name, None)
        if value is None or type(value) is kind:
            return value
        try:
            return convert(value, kind)
        except (ValidationError, RecursionError) as error:
            raise Rejected(f"`{self._path(name)}` is wrong: {error}") from error

    def need(self, name: str, kind: type[T]) -> T:
        value = self.take(name, kind)
        if value is None:
            raise Rejected(f"`{self._path(name)}` is missing")
        return value

    def inner(self, name: str) -> "Fields":
        """An object inside; an empty one when it is absent or null."""
        value = self.rest.pop(name, None)
        return Fields({} if value is None else value, self._path(name))

    def keep(self, name: str, rest: Any) -> None:
        """Keep what is left of something inside, unless nothing is."""
        if rest and (not isinstance(rest, list) or any(rest)):
            self.rest[name] = rest

    def one_answer(self) -> None:
        """Take ``n``. Several answers of one call have no place in a stream of events."""
        if (self.take("n", int) or 1) > 1:
            raise Rejected("`n` must be 1: ask again, or use an ensemble, for several answers")

    def _path(self, name: str) -> str:
        return f"{self._at}.{name}" if self._at else name


def overlay(body: dict[str, Any], extra: Mapping[str, Any]) -> dict[str, Any]:
    """``body`` and what we do not read. Where both say something, ``body`` wins.

    Also where ``extra`` writes the name with capitals: servers in Go (Ollama, LocalAI) read a
    field's name in any case, and ``Model`` would then ask another model than ``model`` says.
    """
    for key, value in extra.items():
        name = key.removesuffix("+")
        if name in body:
            body[name] = _beside(body[name], value)
        elif name == key and name.lower() not in body:
            body[name] = value
    return body


def _beside(ours: Any, theirs: Any) -> Any:
    if isinstance(ours, dict) and isinstance(theirs, Mapping):
        return overlay(dict(ours), theirs)
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        return [_beside(one, other) for one, other in zip(ours, theirs, strict=True)]
    return ours
