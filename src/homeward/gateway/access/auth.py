"""May they? The one function in front of every URL.

It looks at the path that was matched and at headers, never at a URL put together from them (a
``Host`` may hold a path: CVE-2026-48710). A header that it reads must not come twice, because
a proxy in front may have judged by the other one.
"""

from typing import Literal, TypeAlias

from homeward.gateway.access.cors import shared_with
from homeward.gateway.access.origin import foreign_host, foreign_origin
from homeward.gateway.accounting.keyring import Caller
from homeward.gateway.exchange import Exchange
from homeward.gateway.gateway import Gateway
from homeward.gateway.refused import Refused

Access: TypeAlias = Literal["open", "caller", "admin"]
"""Who may come to a URL: anyone who can reach the port, whoever may ask models, or an admin."""

SECRETS = (b"authorization", b"x-api-key", b"api-key")  # as OpenAI, Anthropic and Azure have it
CLEARANCE = b"x-homeward-clearance"
ONCE = frozenset({b"host", b"origin", b"content-length", b"transfer-encoding", CLEARANCE, *SECRETS})
MOST_HOSTS = 64
NEEDS_ADMIN = "this needs an admin's key; make one with `homeward keys create --admin NAME`"
WANTED = {"www-authenticate": 'Bearer realm="homeward"'}


def authorise(gateway: Gateway, exchange: Exchange, access: Access) -> Caller:
    """Who asks; Refused (400, 401, 403) says why they may not.

    From here on, what is answered may be read by the web page that asks, if one does.
    """
    settings, headers, known = gateway.settings, exchange.headers, gateway.known_hosts
    if exchange.repeated and (twice := exchange.repeated & ONCE):
        raise Refused(400, f"the header {min(twice).decode()} came twice: send it once")
    host = headers.get(b"host", b"")
    if host not in known:
        if foreign_host(host, settings):
            raise Refused(
                403, "this gateway is not called by that host name; add it to serve.hosts"
            )
        if len(known) < MOST_HOSTS:
            known.add(host)
    origin = headers.get(b"origin")
    if origin is not None:
        if foreign_origin(origin, host, settings):
            raise Refused(
                403, "web pages from there may not call this; add the origin to serve.origins"
            )
        exchange.tags = [*exchange.tags, *shared_with(origin)]
    caller = gateway.keyring.anybody if access == "open" else known_caller(gateway, exchange)
    if access == "admin" and not caller.key.admin:
        raise Refused(403, NEEDS_ADMIN)
    return caller


def may_pull(gateway: Gateway, caller: Caller) -> None:
    """Refused (403) unless an admin asks, or no key is needed.

    A model that is pulled is one more, and takes no other's name. What changes, removes or sends
    away models that are there wants an admin's key also where nobody else needs one: whatever
    runs on this machine, for whichever of its users, can reach that port.
    """
    if not gateway.keyring.is_open and not caller.key.admin:
        raise Refused(403, NEEDS_ADMIN)


def known_caller(gateway: Gateway, exchange: Exchange) -> Caller:
    """Whose key it is; anybody's where no key is needed. Refused (401)."""
    keyring = gateway.keyring
    if keyring.is_open:
        return keyring.anybody
    caller = keyring.find(secret_in(exchange))
    if caller is None:
        raise Refused(
            401,
            "no key, or not a valid one; send it as `Authorization: Bearer KEY`, and make one "
            "with `homeward keys create`",
            WANTED,
        )
    return caller


def secret_in(exchange: Exchange) -> str:
    """The key, in whichever header the client's dialect has for it; 401 where two differ.

    Clients send the same one in several, and a proxy's own ``Basic`` is none.
    """
    headers = exchange.headers
    found = set()
    for name in SECRETS:
        secret = headers.get(name, b"").strip()
        if name == b"authorization":
            scheme, _, secret = secret.partition(b" ")
            secret = secret.strip() if scheme.lower() == b"bearer" else b""
        if secret:
            found.add(secret)
    if len(found) > 1:
        raise Refused(401, "two different keys came in one request: send one", WANTED)
    return found.pop().decode("latin-1") if found else ""
