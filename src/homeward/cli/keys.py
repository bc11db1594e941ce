"""``homeward keys``: who may ask the gateway, what, and how much."""

import sys
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from homeward.cli.options import Config, Json, cleared
from homeward.cli.served import Served
from homeward.cli.spans import span
from homeward.cli.streams import whole
from homeward.cli.text import printable
from homeward.interrupt import run
from homeward.model import Clearance
from homeward.store.records import Key, Limit, hashed, new_secret

keys = typer.Typer(
    help="Who may ask the gateway: create, list, rotate and revoke keys.", no_args_is_help=True
)

Id = Annotated[str, typer.Argument(metavar="ID", help="As `homeward keys list` shows it.")]
HEARD = "a running gateway heeds it within 2 seconds"


def limited(word: str) -> Limit:
    try:
        return Limit.parse(word)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None


@keys.command()
def create(
    name: Annotated[str, typer.Argument(help="Whose it is; for people to read.")],
    tenant: Annotated[
        str, typer.Option(help="Keys of one tenant share what is cached and reported.")
    ] = "",
    models: Annotated[
        str, typer.Option(help="What it may call, as names with *, separated by commas.")
    ] = "",
    limit: Annotated[
        list[Limit] | None,
        typer.Option(
            parser=limited, metavar="LIMIT", help="100/minute, 200k tokens/day, 5 usd/month ..."
        ),
    ] = None,
    at_once: Annotated[
        int | None, typer.Option(min=1, help="Requests under way at a time.")
    ] = None,
    clearance: Annotated[
        Clearance,
        typer.Option(
            parser=cleared,
            metavar="machine|network|world",
            help="How far its requests may travel at most.",
            show_default="world",
        ),
    ] = Clearance.WORLD,
    expires: Annotated[
        float | None,
        typer.Option(parser=span, metavar="SPAN", help="30d, 12h ...; by default never."),
    ] = None,
    admin: Annotated[bool, typer.Option("--admin", help="It may also manage models.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Make a key. Its secret is shown once and not kept."""
    limits = tuple(limit or ())
    if len({(one.what, one.per) for one in limits}) < len(limits):
        raise typer.BadParameter("two limits are of the same thing and time: give one of them")
    key_id, secret = new_secret()
    now = time.time()
    key = Key(
        key_id,
        hash=hashed(secret),
        tenant=whole(tenant).strip(),
        name=whole(name).strip(),
        models=tuple(part.strip() for part in whole(models).split(",") if part.strip()),
        limits=limits,
        at_once=at_once,
        clearance=clearance,
        admin=admin,
        created=now,
        expires=None if expires is None else now + expires,
    )
    if not key.name:
        raise typer.BadParameter("a key needs a name: homeward keys create NAME")
    served = Served.of(config)
    first = run(_create(key, served))
    _tell(key, secret, served, json=json)
    if first and not json:
        print("this is the first key: from now on everybody needs one", file=sys.stderr)


async def _create(key: Key, served: Served) -> bool:
    """Whether it is the first."""
    async with served.store() as stores:
        before = await stores.keys.keys()
        await stores.keys.put_key(key)
        return not before


@keys.command(name="list")
def list_(config: Config = None, json: Json = False) -> None:
    """Show all keys; not their secrets, which nobody has but their owners."""
    found = run(_list(Served.of(config)))
    if json:
        _print({"keys": [as_json(key) for key in found]})
        return
    if not found:
        print("there are no keys; make one with `homeward keys create NAME`")
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, header_style="dim", pad_edge=False)
    for column in ("ID", "NAME", "TENANT", "MAY CALL", "LIMITS", "STATE"):
        table.add_column(column, overflow="fold")
    for key in found:
        state = state_of(key)
        if state == "valid" and key.expires is not None:
            state = f"until {_day(key.expires)}"
        name = f"{key.name} (admin)" if key.admin else key.name
        cells = (key.id, name, key.tenant, ", ".join(key.models) or "all", _limits(key), state)
        style = "" if state_of(key) == "valid" else "dim"
        table.add_row(*(Text(printable(cell)) for cell in cells), style=style)
    Console(highlight=False).print(table)


async def _list(served: Served) -> list[Key]:
    async with served.store() as stores:
        return await stores.keys.keys()


@keys.command()
def rotate(key_id: Id, config: Config = None, json: Json = False) -> None:
    """Give a key a new secret; its limits and history stay, the old secret ends at once."""
    served = Served.of(config)
    key, secret = run(_rotate(key_id, served))
    _tell(key, secret, served, json=json)
    if not json:
        print(f"the old secret does not open it any more: {HEARD}", file=sys.stderr)


async def _rotate(key_id: str, served: Served) -> tuple[Key, str]:
    from msgspec.structs import replace

    async with served.store() as stores:
        key = _found(key_id, await stores.keys.keys())
        state = state_of(key)
        if state != "valid":
            raise typer.BadParameter(f"{key_id} is {state}: make a new one with `keys create`")
        _, secret = new_secret(key.id)
        key = replace(key, hash=hashed(secret))
        await stores.keys.put_key(key)
        return key, secret


@keys.command()
def revoke(key_id: Id, config: Config = None, json: Json = False) -> None:
    """End a key; what it spent stays in the ledger."""
    key = run(_revoke(key_id, Served.of(config)))
    if json:
        _print(as_json(key))
    else:
        print(printable(f"{key.id} ({key.name}) is revoked: {HEARD}"))


async def _revoke(key_id: str, served: Served) -> Key:
    from msgspec.structs import replace

    async with served.store() as stores:
        key = _found(key_id, await stores.keys.keys())
        if key.revoked is None:
            key = replace(key, revoked=time.time())
            await stores.keys.put_key(key)
        return key


def _limits(key: Key) -> str:
    parts = [str(limit) for limit in key.limits]
    if key.at_once is not None:
        parts.append(f"{key.at_once} at once")
    if key.clearance is not Clearance.WORLD:
        parts.append(f"{key.clearance.name.lower()} only")
    return ", ".join(parts) or "none"


def _found(key_id: str, there: list[Key]) -> Key:
    for key in there:
        if key.id == key_id:
            return key
    raise typer.BadParameter(f"there is no key {key_id!r}; `homeward keys list` shows them")


def state_of(key: Key) -> str:
    if key.revoked is not None:
        return "revoked"
    return "expired" if key.expires is not None and key.expires <= time.time() else "valid"


def as_json(key: Key) -> dict[str, Any]:
    """All but the hash; limits are as `Limit.parse` reads them, times in seconds since 1970."""
    return {
        "id": key.id,
        "name": key.name,
        "tenant": key.tenant,
        "models": key.models,
        "limits": [str(limit) for limit in key.limits],
        "at_once": key.at_once,
        "clearance": key.clearance.name.lower(),
        "admin": key.admin,
        "created": key.created,
        "expires": key.expires,
        "revoked": key.revoked,
        "state": state_of(key),
    }


def _tell(key: Key, secret: str, served: Served, *, json: bool) -> None:
    """The secret alone on standard output, so that ``KEY=$(homeward keys create me)`` has it."""
    if json:
        _print({"secret": secret, **as_json(key)})
        return
    print(secret)
    host = served.settings.host
    host = "HOST" if host in ("0.0.0.0", "::") else f"[{host}]" if ":" in host else host  # noqa: S104  compared
    lines = [
        f"key {key.id} ({key.name}); this is the only time that it is shown. OpenAI's clients take",
        f"it as OPENAI_API_KEY, with OPENAI_BASE_URL=http://{host}:{served.settings.port}/v1",
    ]
    routes = served.routes
    idle = [pattern for pattern in key.models if routes and not _names(pattern, routes)]
    if idle:
        lines.append(f"no route is called {', '.join(idle)} yet")
    print(printable("\n".join(lines)), file=sys.stderr)


def _names(pattern: str, routes: frozenset[str]) -> bool:
    return any(Key("", models=(pattern,)).may_call(route) for route in routes)


def _print(shown: object) -> None:
    import msgspec

    print(msgspec.json.encode(shown).decode())


def _day(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d")
