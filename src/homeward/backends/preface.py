"""What a model is told before a conversation: its system message, and examples."""

from collections.abc import Mapping, Sequence
from itertools import takewhile

from homeward.errors import ConfigError
from homeward.model import Message, Request

ROLES = ("system", "user", "assistant")
FIRST = ("system", "developer")


def checked(messages: Sequence[Mapping[str, str]]) -> tuple[Message, ...]:
    """The examples as messages; ConfigError for one that has not a role and its content."""
    for message in messages:
        if message.keys() != {"role", "content"} or message["role"] not in ROLES:
            raise ConfigError(
                f"`messages` has {dict(message)!r}: say role ({', '.join(ROLES)}) and content"
            )
    return tuple(Message(each["role"], each["content"]) for each in messages)  # type: ignore[arg-type]  # checked above


def prefaced(request: Request, system: str | None, examples: Sequence[Message]) -> Request:
    """The conversation behind the examples; a system message of its own takes ours' place."""
    if not system and not examples:
        return request
    own = tuple(takewhile(lambda message: message.role in FIRST, request.messages))
    first = own or ((Message("system", system),) if system else ())
    return request.with_(messages=(*first, *examples, *request.messages[len(own) :]))
