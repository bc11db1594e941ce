"""CORS: what a browser is told, so that pages of allowed origins may call and read the answer.

Which origins are allowed, `homeward.gateway.access.origin` says; the others are refused before.
"""

import re
from collections.abc import Iterable

from homeward.gateway.answers.marks import MARKS
from homeward.gateway.exchange import TEXT, Exchange

SENT = re.compile(
    r"accept|authorization|content-type|user-agent|x-api-key|api-key|openai-[a-z-]+"
    r"|(anthropic|x-homeward|x-stainless)-[a-z-]+"
)
"""Headers that clients of the dialects send."""

READ = ", ".join(("x-homeward", *MARKS, "request-id", "x-request-id", "retry-after")).encode()
DAY = b"86400"  # browsers cut it to what they allow


def shared_with(origin: bytes) -> list[tuple[bytes, bytes]]:
    """Headers for any answer to a page of an allowed origin."""
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", READ),
        (b"vary", b"origin"),
    ]


async def preflight(exchange: Exchange, methods: Iterable[str]) -> None:
    """The answer to OPTIONS. Without an ``Origin`` it is only told what the URL takes."""
    allowed = ", ".join(sorted(methods)).encode()
    headers = [(b"allow", allowed)]
    if b"origin" in exchange.headers:
        wanted = exchange.header(b"access-control-request-headers").lower().split(",")
        known = [name for each in wanted if SENT.fullmatch(name := each.strip())]
        headers += [
            (b"access-control-allow-methods", allowed),
            (b"access-control-allow-headers", ", ".join(known).encode()),
            (b"access-control-max-age", DAY),
        ]
    await exchange.reply(200, b"", TEXT, headers)
