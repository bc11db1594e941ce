"""What the gateway keeps: who may ask (`Key`), and what each request took (`Entry`).

Values only. `homeward.store.protocols` says what a store does with them.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from msgspec import Struct, field

from homeward.model import Clearance, Usage

What: TypeAlias = Literal["requests", "tokens", "usd"]
Window: TypeAlias = Literal["minute", "day", "month"]


_LIMIT = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s?([km]?)(?:\s([a-z]+))?\s?/\s?([a-z]+)")
_THOUSANDS = {"": 1, "k": 1_000, "m": 1_000_000}


class Limit(Struct, frozen=True, forbid_unknown_fields=True):
    """At most ``amount`` of ``what`` in each calendar ``per`` (UTC)."""

    what: What
    per: Window
    amount: float

    @classmethod
    def parse(cls, text: str) -> "Limit":
        """From ``100/minute``, ``200k tokens/day`` or ``5 usd/month``; ValueError says what is not.

        A number without a unit counts requests; ``k`` is a thousand, ``m`` a million. Only money
        may be 0: such a key has the models that cost nothing.
        """
        found = _LIMIT.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(
                f"{text!r} is no limit; say 100/minute, 200k tokens/day or 5 usd/month"
            )
        number, thousands, unit, per = found.groups()
        what = unit if unit == "usd" else f"{(unit or 'request').removesuffix('s')}s"
        if what not in get_args(What):
            raise ValueError(f"{text!r} limits {unit}; there are {', '.join(get_args(What))}")
        if per not in get_args(Window):
            raise ValueError(f"{text!r} is per {per}; there are {', '.join(get_args(Window))}")
        amount = round(float(number) * _THOUSANDS[thousands], 6)
        if what != "usd" and (amount < 1 or amount % 1):
            raise ValueError(f"{text!r} has to be a whole number of {what}, and at least one")
        return cls(what, per, amount)  # type: ignore[arg-type]  # both were looked up

    def __str__(self) -> str:
        """As `parse` reads it."""
        unit = "" if self.what == "requests" else f" {self.what}"
        return f"{self.amount:.6f}".rstrip("0").rstrip(".") + f"{unit}/{self.per}"


class Key(Struct, frozen=True):
    """Somebody who may ask. The secret itself is shown once, when it is made, and not kept.

    ``hash`` is SHA-256 of the whole secret, in hexadecimal; the secret has 256 random bits, so
    that no salt is needed. ``models`` are the routes it may call, as names with ``*``; empty
    means all of them. Times are in seconds since 1970.
    """

    id: str
    hash: str = field(default="")
    tenant: str = ""
    name: str = ""
    models: tuple[str, ...] = ()
    limits: tuple[Limit, ...] = ()
    at_once: int | None = None
    clearance: Clearance = Clearance.WORLD
    admin: bool = False
    created: float = 0.0
    expires: float | None = None
    revoked: float | None = None

    def opens(self, secret: str) -> bool:
        """Whether this is its secret. Takes the same time whatever the secret is."""
        return hmac.compare_digest(hashed(secret), self.hash)

    def may_call(self, route: str) -> bool:
        return not self.models or any(fnmatchcase(route, pattern) for pattern in self.models)


def new_secret(key_id: str | None = None) -> tuple[str, str]:
    """A key's id and its secret, ``hw-ID-RANDOM``: the id finds the key, the rest opens it.

    With a ``key_id`` another secret for that key.
    """
    key_id = key_id or secrets.token_hex(4)
    return key_id, f"hw-{key_id}-{secrets.token_urlsafe(32)}"


def id_of(secret: str) -> str:
    """The id in a secret; empty where it is none of ours."""
    head, _, rest = secret.removeprefix("hw-").partition("-")
    return head if secret.startswith("hw-") and rest else ""


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


class Entry(Struct, frozen=True, omit_defaults=True):
    """One request, when it has ended. No words of it: contents are kept elsewhere, if at all.

    ``began`` is in seconds since 1970, ``seconds`` and ``first_seconds`` (to the first word) are
    durations. ``status`` is the HTTP status that the client saw, ``error`` the name of the error.
    ``where`` is the farthest place that any of its calls went to. ``cost_usd`` is None where a
    call's price is not known. ``experiment``, ``arm`` and ``conversation`` (its salted hash) are
    those of `Assigned`, empty where there was no experiment. ``calls`` are all calls that were
    made on its behalf.
    """

    id: str
    began: float
    key: str = ""
    tenant: str = ""
    route: str = ""
    dialect: str = ""
    model: str = ""
    where: Clearance = Clearance.MACHINE
    input_tokens: int = 0
    output_tokens: int = 0
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    estimated: bool = False
    cost_usd: float | None = 0.0
    seconds: float = 0.0
    first_seconds: float | None = None
    queued_seconds: float = 0.0
    status: int = 200
    outcome: Literal["finished", "failed", "cancelled"] = "finished"
    error: str = ""
    stream: bool = False
    fallbacks: int = 0  # children that failed before one answered
    cache_hit: bool = False
    experiment: str = ""
    arm: str = ""
    conversation: str = ""
    calls: tuple[Usage, ...] = ()

    @property
    def tokens(self) -> int:
        return self.input_tokens + self.output_tokens


class Reply(Struct, frozen=True, omit_defaults=True):
    """What one model said to a request, whether or not it was what the client got.

    ``model`` is its name in bills, ``label`` the one that a strategy knows it by (empty for the
    answer that a whole tree gave). ``extracted`` is the typed answer in it, where there is a type.
    """

    model: str
    text: str
    label: str = ""
    extracted: str | None = None
    kept: bool = False


class Contents(Struct, frozen=True):
    """What was said in a request whose contents are kept, because somebody asked for that.

    ``request`` is a `homeward.model.Request` as plain values. ``candidates`` has at most one
    `Reply` of each model, the client's answer among them where it was one model's.
    """

    id: str
    request: Mapping[str, Any]
    answer: str
    candidates: tuple[Reply, ...] = ()


class Feedback(Struct, frozen=True):
    """A person's word on an answer. ``rating`` is from -1 to 1; ``id`` is the entry's."""

    id: str
    rating: float
    comment: str = ""
    at: float = 0.0


class Past(NamedTuple):
    """One request of the history: what it took, what was said if it was kept, and a rating."""

    entry: Entry
    contents: Contents | None = None
    feedback: Feedback | None = None
