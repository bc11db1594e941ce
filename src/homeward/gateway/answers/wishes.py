"""What a caller may wish for beside the question: headers, or a ``homeward`` block in the body.

    x-homeward-clearance: machine     go no farther than this machine
    x-homeward-deadline: 30           seconds for the whole answer
    x-homeward-explain: true          a ``homeward`` block in the answer: what was decided
    x-homeward-keep: true             keep the contents of this one

In a header an unknown name is ignored, since proxies add some; in the block it is refused.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct, convert
from msgspec.structs import replace

from homeward.errors import Rejected
from homeward.gateway.exchange import Exchange
from homeward.model import Clearance, Request, Seconds

LONGEST: Seconds = 86_400.0


class Wishes(Struct, frozen=True, forbid_unknown_fields=True):
    """``deadline`` is in seconds from now.

    A block in the body goes before the headers, which a proxy may have set: of two clearances
    the narrower one holds.
    """

    clearance: str | None = None
    deadline: float | None = None
    explain: bool = False
    keep: bool = False

    def __post_init__(self) -> None:
        if self.clearance is not None:
            Clearance.parse(self.clearance)
        if self.deadline is not None and not 0 < self.deadline <= LONGEST:
            raise ValueError("deadline is in seconds from now, more than 0 and at most a day")

    def within(self, most: Clearance) -> Clearance:
        """The clearance asked for; never a wider one than there is."""
        return most if self.clearance is None else min(most, Clearance.parse(self.clearance))

    @property
    def until(self) -> float | None:
        return None if self.deadline is None else time.monotonic() + self.deadline


NONE = Wishes()
PREFIX = b"x-homeward-"
YES = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def _yes(text: str) -> bool:
    try:
        return YES[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither true nor false") from None


def _seconds(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{text!r} is no number of seconds") from None


READ: Mapping[bytes, tuple[str, Callable[[str], Any]]] = {
    PREFIX + b"clearance": ("clearance", str),
    PREFIX + b"deadline": ("deadline", _seconds),
    PREFIX + b"explain": ("explain", _yes),
    PREFIX + b"keep": ("keep", _yes),
}


def wishes_of(exchange: Exchange, extra: Mapping[str, Any] | None = None) -> Wishes:
    """`NONE` where nothing is wished for, Rejected where it cannot be read."""
    headers = exchange.headers
    block = extra.get("homeward") if extra else None
    if block is None and READ.keys().isdisjoint(headers):
        return NONE
    if block is not None and not isinstance(block, dict):
        raise Rejected("`homeward` is not a JSON object")
    said: dict[str, Any] = {}
    for header, (name, read) in READ.items():
        if header in headers:
            try:
                said[name] = read(exchange.header(header))
            except ValueError as error:
                raise Rejected(f"the header {header.decode()} cannot be read: {error}") from None
    try:
        wishes = convert({**said, **(block or {})}, Wishes)
        if "clearance" in said and wishes.clearance != said["clearance"]:
            least = wishes.within(Clearance.parse(said["clearance"]))
            wishes = replace(wishes, clearance=least.name.lower())
    except ValueError as error:
        raise Rejected(f"what is wished of homeward cannot be read: {error}") from None
    return wishes


def without_block(request: Request) -> Request:
    """The request less the ``homeward`` block, which is for us alone."""
    if "homeward" not in request.extra:
        return request
    rest = {name: value for name, value in request.extra.items() if name != "homeward"}
    return request.with_(extra=rest)
