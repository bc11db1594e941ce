"""The one socket that listens. None here connects anywhere."""

import socket

from homeward.errors import ConfigError


def listen(host: str, port: int, backlog: int) -> socket.socket:
    """A listening socket. ConfigError says why there can be none."""
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        sock = socket.socket(family, socket.SOCK_STREAM)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(backlog)
        sock.setblocking(False)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ConfigError(
            f"{host}:{port} cannot be listened on ({reason}): is another server there already? "
            "choose another with --port"
        ) from None
    return sock
