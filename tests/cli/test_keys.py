import asyncio
import time
from pathlib import Path

import pytest

from homeward.store.records import Key
from homeward.store.sqlite import Sqlite
from tests.cli.program import Program


def stored(path: Path) -> list[Key]:
    async def read() -> list[Key]:
        async with Sqlite(path) as store:
            return await store.keys()

    return asyncio.run(read())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Where it is when nothing else is said: `homeward` has its home there."""
    return tmp_path / "homeward.db"


def test_a_key_is_made_with_all_that_it_may(homeward: Program, database: Path) -> None:
    limits = ("--limit", "100/minute", "--limit", "5 usd/month")
    more = (
        "--models",
        "auto, small*",
        "--at-once",
        3,
        "--clearance",
        "network",
        "--tenant",
        "north",
    )
    homeward("keys", "create", "the team", *limits, *more, "--expires", "30d", "--admin")
    [key] = stored(database)
    assert (key.name, key.tenant, key.models) == ("the team", "north", ("auto", "small*"))
    assert [str(limit) for limit in key.limits] == ["100/minute", "5 usd/month"]
    assert (key.at_once, key.clearance.name, key.admin) == (3, "NETWORK", True)
    assert key.expires == pytest.approx(time.time() + 30 * 86400, abs=60)


def test_the_secret_alone_is_on_standard_output_and_opens_the_key(
    homeward: Program, database: Path
) -> None:
    secret = homeward("keys", "create", "me").out.removesuffix("\n")
    [key] = stored(database)
    assert key.opens(secret)


def test_the_secret_is_told_once(homeward: Program, database: Path) -> None:
    secret = homeward("keys", "create", "me").out.strip()
    later = homeward("keys", "list").out + homeward("keys", "list", "--json").out
    later += homeward("spend").out
    assert secret not in later
    assert secret.encode() not in database.read_bytes()
    assert stored(database)[0].hash not in later


def test_it_is_said_how_to_use_a_key(homeward: Program) -> None:
    assert "OPENAI_BASE_URL=http://127.0.0.1:7373/v1" in homeward("keys", "create", "me").err


def test_the_first_key_says_that_everybody_needs_one_now(homeward: Program) -> None:
    assert "from now on everybody needs one" in homeward("keys", "create", "a").err
    assert "from now on everybody needs one" not in homeward("keys", "create", "b").err


def test_a_pattern_that_names_no_route_of_the_file_is_said(homeward: Program) -> None:
    Path("homeward.yaml").write_text("models: {small: {echo: {}}}")
    run = homeward("keys", "create", "me", "--models", "sm*,smal")
    assert "no route is called smal yet" in run.err


def test_the_keys_are_those_of_the_database_that_is_configured(
    homeward: Program, tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    file = tmp_path / "there" / "homeward.yaml"
    file.write_text("models: {a: {echo: {}}}\nserve: {database: mine.db, port: 8080}")
    assert ":8080/v1" in homeward("keys", "create", "me", "-c", file).err
    assert [key.name for key in stored(tmp_path / "there" / "mine.db")] == ["me"]


def test_keys_work_on_postgres(homeward: Program, postgres_url: str) -> None:
    Path("homeward.yaml").write_text(
        f"models: {{a: {{echo: {{}}}}}}\nserve: {{database: '{postgres_url}'}}"
    )
    made = homeward("keys", "create", "me", "--json").json
    assert [key["id"] for key in homeward("keys", "list", "--json").json["keys"]] == [made["id"]]


def test_the_list_shows_what_each_key_may(homeward: Program) -> None:
    homeward("keys", "create", "me", "--limit", "200k tokens/day", "--models", "auto")
    out = homeward("keys", "list").out
    assert "200000" in out
    assert "auto" in out


def test_without_keys_the_list_says_how_to_make_one(homeward: Program) -> None:
    assert "homeward keys create NAME" in homeward("keys", "list").out


def test_a_rotated_key_has_another_secret_and_is_the_same_otherwise(
    homeward: Program, database: Path
) -> None:
    made = homeward("keys", "create", "me", "--limit", "5/day", "--json").json
    secret = homeward("keys", "rotate", made["id"]).out.strip()
    [key] = stored(database)
    assert key.opens(secret)
    assert not key.opens(made["secret"])
    assert (key.id, [str(limit) for limit in key.limits]) == (made["id"], ["5/day"])


def test_rotating_says_when_the_old_secret_ends(homeward: Program) -> None:
    made = homeward("keys", "create", "me", "--json").json
    assert "within 2 seconds" in homeward("keys", "rotate", made["id"]).err


def test_a_revoked_key_stays_in_the_list(homeward: Program) -> None:
    made = homeward("keys", "create", "me", "--json").json
    assert homeward("keys", "revoke", made["id"]).code == 0
    [key] = homeward("keys", "list", "--json").json["keys"]
    assert key["state"] == "revoked"


def test_the_time_of_a_revocation_stays_that_of_the_first(homeward: Program) -> None:
    made = homeward("keys", "create", "me", "--json").json
    first = homeward("keys", "revoke", made["id"], "--json").json
    assert homeward("keys", "revoke", made["id"], "--json").json == first


def test_a_revoked_key_cannot_be_rotated(homeward: Program) -> None:
    made = homeward("keys", "create", "me", "--json").json
    homeward("keys", "revoke", made["id"])
    run = homeward("keys", "rotate", made["id"])
    assert run.code == 2
    assert "is revoked: make a new one" in run.err


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("rotate", "nobody"), "there is no key 'nobody'"),
        (("revoke", "nobody"), "there is no key 'nobody'"),
        (("create", " "), "a key needs a name"),
        (("create", "me", "--limit", "5/week"), "is per week"),
        (("create", "me", "--limit", "5/day", "--limit", "6/day"), "of the same thing and time"),
        (("create", "me", "--expires", "soon"), "is no span of time; say 30d"),
        (("create", "me", "--expires", "0d"), "is no span of time"),
        (("create", "me", "--clearance", "moon"), "say one of machine"),
    ],
)
def test_a_mistake_is_told_and_makes_no_key(
    homeward: Program, database: Path, words: tuple[str, ...], sentence: str
) -> None:
    run = homeward("keys", *words)
    assert run.code == 2
    assert sentence in " ".join(run.err.split())
    assert not database.exists() or stored(database) == []


def test_a_name_cannot_colour_the_terminal(homeward: Program) -> None:
    run = homeward("keys", "create", "[red]e\x1b[31mvil")
    assert "\x1b" not in run.err
    out = homeward("keys", "list").out
    assert "\x1b" not in out
    assert "[red]e[31mvil" in out
