"""Which ``Host`` and which ``Origin`` are ours: against DNS rebinding and foreign web pages.

A page of any site can make a browser call this machine; it cannot choose the two headers.
"""

import platform
import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from ipaddress import ip_address

from homeward.gateway.settings import Settings

APPS = ("app", "file", "tauri", "vscode-webview", "vscode-file")  # as Ollama allows them
PRIVATE = (".localhost", ".local", ".internal")  # no public name server answers for these
LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
MACHINE = platform.node().lower()
AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[\w.-]+)(:\d{1,5})?", re.ASCII)
PAGE = re.compile(r"https?://((\[[0-9a-f:.]+\]|[\w.-]+)(?::\d{1,5})?)", re.ASCII)


def foreign_host(host: bytes, settings: Settings) -> bool:
    """Whether a name that somebody else's DNS could answer for led here.

    A number, this machine's own name and `PRIVATE` names are ours, and ``settings.hosts``. Where
    other machines may call, a name without a dot too: it is of their own network (a container's).
    """
    found = AUTHORITY.fullmatch(host.decode("latin-1").lower())
    if found is None:
        return True
    name = found[1].strip("[]").rstrip(".")
    if name in ("localhost", MACHINE) or name.endswith(PRIVATE) or _listed(name, settings.hosts):
        return False
    try:
        ip_address(name)
    except ValueError:
        return settings.is_loopback or "." in name
    return False


def foreign_origin(origin: bytes, host: bytes, settings: Settings) -> bool:
    """Whether a web page from elsewhere is asking. ``null`` could be any page."""
    text = origin.decode("latin-1").lower()
    if _listed(text, settings.origins):
        return False
    page = PAGE.fullmatch(text)
    if page is None:
        return text.partition("://")[0] not in APPS or "://" not in text
    if page[1] == host.decode("latin-1").lower():
        return False
    if not settings.is_loopback:
        return True
    return page[2] not in LOOPBACK and not page[2].endswith(".localhost")


def _listed(name: str, patterns: Iterable[str]) -> bool:
    known = [pattern.lower().rstrip("/") for pattern in patterns]
    return name in known or any("*" in each and fnmatchcase(name, each) for each in known)
