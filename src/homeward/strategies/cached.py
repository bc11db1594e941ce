"""Cached: the same question, asked again by the same tenant, is answered from memory."""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, field

import msgspec

from homeward.model import (
    Decision,
    Edit,
    Event,
    Finish,
    Model,
    Note,
    Reasoning,
    Request,
    Seconds,
    Stream,
    Text,
    ToolCall,
)


@dataclass(eq=False)
class Cache:
    """Least recently used goes first, by size; nothing is returned after ``keep`` seconds.

    ``max_bytes`` bounds the sum of keys and values. One cache may serve several `Cached`.
    """

    max_bytes: int = 64 * 2**20
    keep: Seconds = 3600.0
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    used: int = field(default=0, init=False)
    _kept: OrderedDict[str, tuple[float, bytes]] = field(
        default_factory=OrderedDict, init=False, repr=False
    )

    def get(self, key: str) -> bytes | None:
        found = self._kept.get(key)
        if found is None:
            return None
        until, value = found
        if self.clock() >= until:
            self._drop(key)
            return None
        self._kept.move_to_end(key)
        return value

    def put(self, key: str, value: bytes) -> None:
        """Keep ``value``; one that is larger than the whole cache is not kept."""
        if key in self._kept:
            self._drop(key)
        if _size(key, value) > self.max_bytes:
            return
        self._kept[key] = (self.clock() + self.keep, value)
        self.used += _size(key, value)
        while self.used > self.max_bytes:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: str) -> None:
        _, value = self._kept.pop(key)
        self.used -= _size(key, value)


def _size(key: str, value: bytes) -> int:
    return len(key) + len(value)


_Word = Text | Reasoning | ToolCall | Finish | Edit
_COMPLETE = ("stop", "tool_calls")
_ENCODER = msgspec.msgpack.Encoder(order="deterministic")
_DECODER = msgspec.msgpack.Decoder(tuple[_Word, ...])


@dataclass(frozen=True)
class Cached:
    """Replays the whole answer to an identical request; a hit has a `Decision` and no bill.

    Streams, on a hit at once. Tool calls are kept and replayed. Only answers that ended by
    themselves are kept: not failed, not cut by length, not filtered, not hung up on; and none
    that a `Decision` calls degraded, as the better one may be there a moment later. A request
    with a temperature above 0 and no seed wants another answer each time and is never looked
    up, unless ``always``.

    Identical means: the same child, messages, tools, sampling and unread fields, the same tenant
    (no answer crosses from one to another) and the same clearance. A remembered answer leaks
    nothing, but a wider clearance walks other branches of the tree: who asks for this machine
    alone gets what this machine says, and who allows the world is not served less.
    """

    model: Model
    cache: Cache = field(default_factory=Cache, repr=False, compare=False)
    always: bool = False

    async def chat(self, request: Request) -> Stream:
        sampling = request.sampling
        varies = bool(sampling.temperature) and sampling.seed is None
        remember = self.always or not varies
        key = self._key(request) if remember else ""
        kept = self.cache.get(key) if remember else None
        if kept is not None:
            yield Decision("cached", "hit", "the same request was answered before")
            for word in _DECODER.decode(kept):
                yield word
            return
        words: list[Event] = []
        async with aclosing(self.model.chat(request)) as events:
            async for event in events:
                if isinstance(event, Edit) or not isinstance(event, Note):
                    words.append(event)
                if isinstance(event, Decision) and event.numbers.get("degraded"):
                    remember = False
                if remember and isinstance(event, Finish) and event.reason in _COMPLETE:
                    self.cache.put(key, _ENCODER.encode(words))
                yield event

    def _key(self, request: Request) -> str:
        """Without what differs from call to call and is no part of the question."""
        same = request.with_(stream=True, deadline=None, budget_usd=None, trace="")
        return hashlib.sha256(_ENCODER.encode((repr(self.model), same))).hexdigest()
