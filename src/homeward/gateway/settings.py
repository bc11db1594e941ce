"""What ``serve:`` in the configuration file may say."""

from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from homeward.errors import ConfigError
from homeward.model import Seconds

PORT = 7373


@dataclass(frozen=True)
class Settings:
    """How the gateway serves.

    ``hosts`` are further names that it is called by, ``origins`` further web pages that may call
    it (``https://chat.example.org``). ``certificate`` and ``certificate_key`` are PEM files, for
    https. ``database`` is the file of the ledger and the keys, or
    ``postgresql://...``; ``shared`` is a ``redis://...`` that several gateways draw their limits
    from. ``keep_contents`` keeps prompts and answers, which is off unless it is asked for.

    ``kwh_usd`` and ``watts`` price what runs on this machine. ``largest_body`` is in bytes.
    ``longest_answer`` is what is reserved for an answer, in tokens, where the request has no limit.
    ``at_once`` are limits of single models, by name, where the runtime does not tell its own.

    ``otlp`` is the address of an OpenTelemetry collector (``http://127.0.0.1:4318``). Traces go
    there, wherever it is: who asked which models when, and what that took, without contents.
    ``otlp_headers`` go with them, a key perhaps.
    """

    host: str = "127.0.0.1"
    port: int = PORT
    hosts: tuple[str, ...] = ()
    origins: tuple[str, ...] = ()
    certificate: Path | None = None
    certificate_key: Path | None = field(default=None, repr=False)
    database: str | None = field(default=None, repr=False)
    shared: str | None = field(default=None, repr=False)
    keep_contents: bool = False
    kwh_usd: float = 0.0
    watts: float = 0.0
    largest_body: int = 32 * 2**20
    longest_answer: int = 4096
    at_once: "dict[str, int]" = field(default_factory=dict[str, int])
    grace: Seconds = 10.0
    otlp: str | None = None
    otlp_headers: "dict[str, str]" = field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        if not 0 <= self.port <= 65535:
            raise ConfigError(f"port is {self.port}: say one from 1 to 65535")
        if self.certificate_key is not None and self.certificate is None:
            raise ConfigError("certificate_key is without its certificate: give both")
        for host in self.hosts:
            if "/" in host or ":" in host:
                raise ConfigError(f"hosts has {host!r}: say the name alone, as in chat.example.org")
        for origin in self.origins:
            if "://" not in origin:
                raise ConfigError(f"origins has {origin!r}: begin it with https:// or http://")
        if (self.kwh_usd > 0) != (self.watts > 0):
            raise ConfigError("kwh_usd and watts price electricity together: give both")

    @property
    def is_loopback(self) -> bool:
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
