"""Redis: amounts that many gateways draw from together."""

import asyncio
import sys
from collections.abc import Awaitable
from typing import Any, Self

from redis.asyncio import BlockingConnectionPool
from redis.asyncio import Redis as Client
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from homeward.model import Seconds
from homeward.store.address import place, unreadable
from homeward.store.protocols import LINGER, StoreDown

CONNECTIONS = 4
TIMEOUT: Seconds = 5.0

# One hash per name, with what each node was granted. Numbers go back as text: Redis would cut
# them to integers.
GRANT = """
local own = tonumber(redis.call('HGET', KEYS[1], ARGV[1]) or '0')
local wanted, most, taken = tonumber(ARGV[2]), tonumber(ARGV[3]), 0
for _, granted in ipairs(redis.call('HVALS', KEYS[1])) do taken = taken + tonumber(granted) end
local given
if wanted < 0 then given = math.max(wanted, -own)
else given = math.min(wanted, math.max(0, most - taken)) end
if given ~= 0 then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.17g', own + given))
  redis.call('PEXPIREAT', KEYS[1], ARGV[4])
end
return string.format('%.17g', given)
"""


class Redis:
    """`Amounts` in a Redis, or what speaks like one (Valkey, Dragonfly, KeyDB).

    An asynchronous context manager; it connects at the first use, and again after a failure. An
    answer takes at most ``timeout``, then it is `StoreDown`.
    """

    def __init__(self, url: str, timeout: Seconds = TIMEOUT) -> None:
        self.place = place(url)
        self.timeout = timeout
        try:
            pool = BlockingConnectionPool.from_url(
                url,
                max_connections=CONNECTIONS,
                socket_connect_timeout=timeout,
                socket_timeout=timeout,
                retry=Retry(NoBackoff(), 0),  # a grant that is repeated is granted twice
            )
        except (ValueError, TypeError):
            raise unreadable(url) from None
        self._client = Client.from_pool(pool)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def grant(
        self, node: str, name: str, *, wanted: float, most: float, until: float
    ) -> float:
        end = int((until + LINGER) * 1000)
        values = (node, repr(wanted), repr(min(most, sys.float_info.max)), end)
        return float(await self._answer(self._client.eval(GRANT, 1, _hash(name), *values)))

    async def granted(self, node: str, name: str) -> float:
        return float(await self._answer(self._client.hget(_hash(name), node)) or 0.0)

    async def _answer(self, asked: Awaitable[Any]) -> Any:
        try:
            async with asyncio.timeout(self.timeout):
                return await asked
        except (RedisError, OSError, TimeoutError) as error:
            why = str(error) or "no answer in time"
            raise StoreDown(
                f"Redis at {self.place} does not do its work ({why}); see that it runs, and "
                "that serve.shared is right"
            ) from error


def _hash(name: str) -> str:
    return f"homeward:amounts:{name}"
