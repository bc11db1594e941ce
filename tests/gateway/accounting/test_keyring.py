"""Who has which key."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from homeward.gateway.accounting import keyring as module
from homeward.gateway.accounting.keyring import Keyring, open_keyring
from homeward.store.protocols import StoreDown
from homeward.store.records import Key, Limit, hashed, new_secret
from homeward.store.sqlite import Sqlite
from tests.contract import PATIENCE
from tests.gateway.running import running

ECHO = "models: {echo: {echo: {}}}"


def made(**fields: Any) -> tuple[Key, str]:
    key_id, secret = new_secret()
    return Key(key_id, hashed(secret), **fields), secret


def test_a_secret_finds_its_key() -> None:
    key, secret = made()
    ring = Keyring()
    ring.replace([key])
    found = ring.find(secret)
    assert found is not None
    assert found.key == key


@pytest.mark.parametrize("wrong", ["", "hw-", "hw-x", "sk-123", "hw-00000000-abc"])
def test_any_other_secret_finds_none(wrong: str) -> None:
    ring = Keyring()
    ring.replace([made()[0]])
    assert ring.find(wrong) is None


def test_the_id_of_a_key_is_not_enough() -> None:
    key, secret = made()
    ring = Keyring()
    ring.replace([key])
    assert ring.find(secret[:-1] + "!") is None


@pytest.mark.parametrize("ended", [{"revoked": 1.0}, {"expires": 1.0}])
def test_a_key_that_has_ended_finds_none_and_opens_no_door(ended: dict[str, float]) -> None:
    key, secret = made(**ended)
    ring = Keyring()
    ring.replace([key])
    assert (ring.find(secret), ring.is_open) == (None, False)


def test_without_any_key_the_door_is_open() -> None:
    assert Keyring().is_open


def test_a_store_that_was_emptied_does_not_open_the_door() -> None:
    ring = Keyring()
    ring.replace([made()[0]])
    ring.replace([])
    assert not ring.is_open


def test_a_key_that_changes_keeps_what_it_has_spent() -> None:
    key, secret = made()
    ring = Keyring()
    ring.replace([key])
    [account] = ring.accounts
    account.reserve(60, 0)
    ring.replace([Key(key.id, key.hash, limits=(Limit("tokens", "day", 100),))])
    found = ring.find(secret)
    assert found is not None
    assert [bound.remaining for bound in found.account.bounds()] == [40]


async def test_a_key_that_is_revoked_stops_while_the_gateway_runs(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFRESH", 0.01)
    key, secret = made()
    headers = {"authorization": f"Bearer {secret}"}
    async with Sqlite(home / "homeward.db") as keys:
        await keys.put_key(key)
        async with running(ECHO) as gateway, asyncio.timeout(PATIENCE):
            assert (await gateway.ask("GET", "/v1/models", headers=headers)).status == 200
            await keys.put_key(Key(key.id, key.hash, revoked=1.0))
            while (await gateway.ask("GET", "/v1/models", headers=headers)).status == 200:
                pass
            assert (await gateway.ask("GET", "/v1/models", headers=headers)).status == 401


async def test_a_store_that_is_down_leaves_the_keys_that_are_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REFRESH", 0.001)
    key, secret = made()
    async with Sqlite(tmp_path / "keys.db") as keys:
        await keys.put_key(key)
        async with open_keyring(keys) as ring, asyncio.timeout(PATIENCE):

            async def down() -> list[Key]:
                raise StoreDown("gone")

            monkeypatch.setattr(keys, "keys", down)
            while ring.trouble.failures < 2:  # noqa: ASYNC110
                await asyncio.sleep(0.001)
            assert ring.find(secret) is not None


async def test_keys_that_cannot_be_read_at_the_start_are_not_taken_for_none(tmp_path: Path) -> None:
    class Down:
        async def keys(self) -> list[Key]:
            raise StoreDown("gone")

        async def put_key(self, key: Key) -> None: ...

    with pytest.raises(StoreDown):
        async with open_keyring(Down()):
            pass
