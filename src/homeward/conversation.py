"""Conversations: which requests are turns of one, and which arm of an experiment it belongs to.

Nobody tells a gateway where a conversation begins, but each of its requests carries what was said
before. So a conversation is known by how it began.
"""

from collections.abc import Iterator
from hashlib import blake2b
from typing import Literal, TypeAlias

from homeward.model import ImagePart, Message, Request, TextPart

Arm: TypeAlias = Literal["control", "treatment"]

BYTES = 16
"""Of a hash. Two of a million conversations share one with a chance of 1 in 10^27."""


def conversation(request: Request, salt: str) -> str:
    """The keyed hash of a request's conversation, as 32 hex digits.

    It reads the tenant and the messages up to the first of the user, and is the same for all turns
    after it. Of a message it reads the role, the words and the images: what else clients put there
    moves from turn to turn. Without the ``salt`` (the key of the hash) it says nothing about what
    was said, and hashes of two salts are independent of each other.
    """
    key = blake2b(_bytes(salt), digest_size=BYTES).digest()
    hashed = blake2b(key=key, digest_size=BYTES)
    for piece in (request.tenant, *_beginning(request)):
        data = _bytes(piece)
        hashed.update(len(data).to_bytes(8))  # so that no two lists of pieces are one text
        hashed.update(data)
    return hashed.hexdigest()


def fraction(hashed: str) -> float:
    """Where a hash lies among all that there are: evenly from 0 up to 1, without 1."""
    return (int(hashed, 16) >> (8 * BYTES - 53)) / 2.0**53


def arm_of(hashed: str, share: float) -> Arm:
    """The arm of a conversation, where ``share`` (0 to 1) of them belong to the treatment."""
    return "treatment" if fraction(hashed) < share else "control"


def _beginning(request: Request) -> Iterator[str]:
    for message in request.messages:
        yield message.role
        yield from _pieces(message)
        if message.role == "user":
            return


def _pieces(message: Message) -> Iterator[str]:
    yield message.text
    if not isinstance(message.content, str):
        for part in message.content:
            if isinstance(part, ImagePart):
                yield part.url
            elif not isinstance(part, TextPart):
                yield ""  # a picture or a file in a form that we do not read


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
