"""Addresses of servers, told without the secrets in them."""

from urllib.parse import urlsplit

from homeward.errors import ConfigError


def place(url: str) -> str:
    """Host and port of a URL, for people to read. ConfigError where a password is not escaped."""
    try:
        parts = urlsplit(url)
    except ValueError:
        raise unreadable(url) from None
    if "@" in parts.path + parts.query + parts.fragment:
        raise unreadable(url)
    return parts.netloc.rpartition("@")[2] or "a socket of this machine"


def unreadable(url: str) -> ConfigError:
    """For a URL that a driver does not take; its own words might quote the password."""
    scheme = url.partition("://")[0]
    return ConfigError(
        f"the {scheme}:// address cannot be read: write {scheme}://USER:PASSWORD@HOST:PORT/NAME, "
        "with / as %2F, @ as %40 and ? as %3F in the password"
    )
