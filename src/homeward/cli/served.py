"""What ``serve:`` in the configuration says, for the commands that look into the same store."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from homeward.gateway.settings import Settings

if TYPE_CHECKING:
    from homeward.store.opening import Stores


@dataclass(frozen=True)
class Served:
    """``base`` is where relative paths start from; ``routes`` are the names in the file."""

    settings: Settings
    base: Path = Path()
    routes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, path: Path | None) -> "Served":
        """By the file, or what holds without one; then nobody is asked what routes there are."""
        from homeward.config import find, load

        if path is None and find() is None:
            return cls(Settings())
        config: Any = load(path)
        return cls(config.serve, config.base, frozenset(config.models))

    @asynccontextmanager
    async def store(self) -> "AsyncGenerator[Stores]":
        """The store of ``serve.database``, whether a gateway has it open or not."""
        from homeward.store.opening import open_store

        async with open_store(self.settings.database, base=self.base) as stores:
            yield stores
