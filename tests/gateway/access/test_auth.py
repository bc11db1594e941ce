"""The one function in front of every URL, in what it takes."""

from collections.abc import Iterator

import pytest

from homeward.gateway.access.auth import MOST_HOSTS
from tests.gateway.standing import Standing, key, standing

MODELS = "models: {echo: {echo: {}}}"
KEY, SECRET = key("team")
PROXY = "Basic c29tZWJvZHk6ZWxzZQ=="


@pytest.fixture(scope="module")
def house() -> Iterator[Standing]:
    with standing(MODELS, (KEY, SECRET)) as gateway:
        yield gateway


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {SECRET}"},
        {"authorization": f"bearer   {SECRET} "},
        {"x-api-key": SECRET},
        {"api-key": SECRET},
        {"authorization": f"Bearer {SECRET}", "x-api-key": SECRET},
        {"authorization": PROXY, "x-api-key": SECRET},
        {"authorization": f"Bearer {SECRET}", "x-api-key": ""},
    ],
)
def test_a_key_may_come_as_any_dialect_has_it(house: Standing, headers: dict[str, str]) -> None:
    assert house.ask("GET", "/v1/models", headers=headers).status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": SECRET},
        {"Authorization": f"Basic {SECRET}"},
        {"Authorization": f"Bearer {SECRET} {SECRET}"},
        {"Authorization": f"Bearer {SECRET[:-1]}"},
        {"Authorization": f"Bearer {SECRET}x"},
        {"Authorization": f"Bearer {SECRET.upper()}"},
        {"Authorization": "Bearer hw-"},
        {"Authorization": f"Bearer hw-{KEY.id}-"},
        {"Authorization": f"Bearer {KEY.hash}"},
        {"Authorization": f"Bearer hw-{KEY.id}-{KEY.hash}"},
        {"Authorization": "Bearer ' OR 1=1 --"},
        {"Authorization": "Bearer \xff\xfe"},
        {"Cookie": f"authorization=Bearer {SECRET}"},
        {"X-Forwarded-Authorization": f"Bearer {SECRET}"},
    ],
)
def test_nothing_else_is_a_key(house: Standing, headers: dict[str, str]) -> None:
    assert house.ask("GET", "/v1/models", headers=headers).status == 401


@pytest.mark.parametrize("query", ["key", "api_key", "access_token"])
def test_a_key_in_the_address_is_none(house: Standing, query: str) -> None:
    assert house.ask("GET", f"/v1/models?{query}={SECRET}").status == 401


def test_many_host_names_are_not_all_remembered(house: Standing) -> None:
    for last in range(2 * MOST_HOSTS):
        assert house.ask("GET", "/healthz", headers={"Host": f"10.0.0.{last}"}).status == 200
    assert len(house.gateway.known_hosts) <= MOST_HOSTS


def test_without_any_key_everybody_on_this_machine_may_ask_but_is_no_admin() -> None:
    with standing(MODELS) as gateway:
        assert gateway.ask("GET", "/v1/models").status == 200
        assert not gateway.gateway.keyring.anybody.key.admin


def test_a_revoked_key_leaves_the_door_closed() -> None:
    with standing(MODELS, key("old", revoked=1.0)) as gateway:
        assert gateway.ask("GET", "/v1/models").status == 401
