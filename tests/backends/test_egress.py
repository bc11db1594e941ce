import asyncio
import socket
import threading
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from homeward.backends import egress
from homeward.backends.egress import Origin, lies
from homeward.errors import ConfigError, Forbidden, Unreachable
from homeward.model import Clearance
from tests.backends.servers import playing
from tests.contract import PATIENCE

MACHINE, NETWORK, WORLD = Clearance
NUMBERS = settings(deadline=None, max_examples=200)


class Names:
    """A name service that says what a test wants, and counts how often it is asked."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses
        self.asked = 0

    def __call__(self, host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        self.asked += 1
        return [
            (
                socket.AF_INET6 if ":" in address else socket.AF_INET,
                socket.SOCK_STREAM,
                socket.IPPROTO_TCP,
                "",
                (address, port, 0, 0) if ":" in address else (address, port),
            )
            for address in self.addresses
        ]


def named(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> Names:
    names = Names(*addresses)
    monkeypatch.setattr(socket, "getaddrinfo", names)
    return names


async def reach(origin: Origin, clearance: Clearance, within: float = PATIENCE) -> Clearance:
    protocol, where = await egress.connect(Closing, origin, clearance=clearance, timeout=within)
    protocol.transport.abort()
    await asyncio.sleep(0)
    return where


class Closing(asyncio.Protocol):
    def connection_made(self, transport: Any) -> None:
        self.transport = transport


def port_of(server: str) -> int:
    return int(server.rpartition(":")[2])


# ---------------------------------------------------------------- where an address lies


@pytest.mark.parametrize(
    ("address", "where"),
    [
        ("127.0.0.1", MACHINE),
        ("127.255.3.4", MACHINE),
        ("::1", MACHINE),
        ("0.0.0.0", MACHINE),
        ("::", MACHINE),
        ("::ffff:127.0.0.1", MACHINE),
        ("10.0.0.1", NETWORK),
        ("172.16.0.1", NETWORK),
        ("172.31.255.255", NETWORK),
        ("192.168.1.1", NETWORK),
        ("169.254.169.254", NETWORK),
        ("100.64.0.1", NETWORK),
        ("100.127.255.255", NETWORK),
        ("fd12::1", NETWORK),
        ("fe80::1%eth0", NETWORK),
        ("::ffff:10.0.0.1", NETWORK),
        ("8.8.8.8", WORLD),
        ("172.32.0.1", WORLD),
        ("100.128.0.1", WORLD),
        ("192.0.2.1", WORLD),
        ("224.0.0.1", WORLD),
        ("2606:4700::1111", WORLD),
        ("::ffff:8.8.8.8", WORLD),
        ("64:ff9b::a00:1", WORLD),
        ("2002:7f00:1::", WORLD),
        ("::127.0.0.1", WORLD),
    ],
)
def test_where_an_address_lies(address: str, where: Clearance) -> None:
    assert lies(address) is where


@NUMBERS
@given(st.ip_addresses(v=4))
def test_an_ipv4_address_lies_where_its_mapped_form_does(address: IPv4Address) -> None:
    assert lies(f"::ffff:{address}") is lies(str(address))


@NUMBERS
@given(st.ip_addresses())
def test_no_global_address_is_taken_for_a_near_one(address: IPv4Address | IPv6Address) -> None:
    if address.is_global:
        assert lies(str(address)) is WORLD


@pytest.mark.parametrize("host", ["127.1", "0x7f.1", "2130706433", "localhost"])
def test_other_spellings_of_this_machine_are_found_by_resolving(host: str) -> None:
    assert egress.where(host) is MACHINE


def test_a_name_is_as_far_as_its_farthest_address(monkeypatch: pytest.MonkeyPatch) -> None:
    named(monkeypatch, "127.0.0.1", "10.0.0.1")
    assert egress.where("mixed.test") is NETWORK


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("http://localhost:1", MACHINE),
        ("unix:///run/x.sock", MACHINE),
        ("http://[::1]:1", MACHINE),
        ("http://10.1.1.1", NETWORK),
        ("http://box.local", NETWORK),
        ("http://localhost.example.com", WORLD),
        ("https://api.openai.com/v1", WORLD),
    ],
)
def test_what_is_expected_before_a_name_is_resolved(url: str, where: Clearance) -> None:
    assert egress.expected(egress.parse(url)[0]) is where


# ---------------------------------------------------------------- addresses


@pytest.mark.parametrize(
    ("url", "origin", "prefix"),
    [
        ("http://127.0.0.1:8080/v1/", Origin("127.0.0.1", 8080), "/v1"),
        ("https://api.example.com/a/b", Origin("api.example.com", 443, True), "/a/b"),
        ("http://[::1]:80", Origin("::1", 80), ""),
        ("unix:///run/x.sock", Origin("localhost", path="/run/x.sock"), ""),
    ],
)
def test_reads_an_address(url: str, origin: Origin, prefix: str) -> None:
    assert egress.parse(url) == (origin, prefix)


def test_writes_a_host_header_as_browsers_do() -> None:
    assert Origin("::1", 80).authority == "[::1]"
    assert Origin("h", 443, tls=True).authority == "h"
    assert Origin("h", 80, tls=True).authority == "h:80"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost:11434",
        "ftp://h/",
        "http://",
        "http://h:99999",
        "http://u:p@h/",
        "http://h/?k=1",
    ],
)
def test_what_is_no_address_is_a_fault_of_the_configuration(url: str) -> None:
    with pytest.raises(ConfigError, match="base_url"):
        egress.parse(url)


# ---------------------------------------------------------------- connecting


async def test_connects_within_the_clearance_and_says_where() -> None:
    async with playing({}) as server:
        assert await reach(egress.parse(server)[0], MACHINE) is MACHINE


@pytest.mark.parametrize(
    ("address", "clearance", "needed"),
    [
        ("10.0.0.1", MACHINE, "network"),
        ("8.8.8.8", MACHINE, "world"),
        ("8.8.8.8", NETWORK, "world"),
    ],
)
async def test_refuses_what_lies_too_far_before_a_packet_leaves(
    monkeypatch: pytest.MonkeyPatch, address: str, clearance: Clearance, needed: str
) -> None:
    monkeypatch.setattr(socket, "socket", _no_socket)
    with pytest.raises(Forbidden) as caught:
        await reach(Origin(address, 80), clearance)
    with pytest.raises(Forbidden, match=f"clearance {needed}"):
        egress.connect_blocking(address, 80, clearance=clearance)
    for words in (address, clearance.name.lower(), f"`clearance: {needed}`", "Request(clearance="):
        assert words in str(caught.value)


def _no_socket(*_: object) -> None:
    raise AssertionError("a socket was made for a forbidden address")


async def test_skips_the_addresses_of_a_name_that_lie_too_far(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with playing({}) as server:
        named(monkeypatch, "8.8.8.8", "10.0.0.1", "127.0.0.1")
        assert await reach(Origin("mixed.test", port_of(server)), MACHINE) is MACHINE
        assert server.connections == 1


async def test_tries_the_next_address_when_one_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    async with playing({}) as server:
        named(monkeypatch, "127.0.0.2", "127.0.0.1")
        await reach(Origin("two.test", port_of(server)), MACHINE)
        assert server.connections == 1


async def test_connects_the_address_it_has_checked_and_asks_for_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with playing({}) as server:
        names = named(monkeypatch, "127.0.0.1")
        await reach(Origin("rebinding.test", port_of(server)), MACHINE)
        egress.connect_blocking(
            "rebinding.test", port_of(server), clearance=MACHINE, timeout=PATIENCE
        ).close()
        assert names.asked == 2


async def test_an_address_that_swallows_packets_leaves_time_for_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with playing({}) as server:
        named(monkeypatch, "127.0.0.9", "127.0.0.1")
        loop = asyncio.get_running_loop()
        connect = loop.sock_connect

        async def swallows(sock: socket.socket, address: Any) -> None:
            if address[0] == "127.0.0.9":
                await asyncio.sleep(3600)
            await connect(sock, address)

        monkeypatch.setattr(loop, "sock_connect", swallows)
        assert await reach(Origin("slow.test", port_of(server)), MACHINE, 2.0) is MACHINE


async def test_an_unknown_host_is_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(Unreachable, match=r"^no host is called nowhere.test .*spelling"):
        await reach(Origin("nowhere.test", 80), WORLD)


async def test_what_cannot_be_a_host_name_is_unreachable() -> None:
    with pytest.raises(Unreachable, match="not a host name"):
        await reach(Origin("a" * 64 + ".test", 80), WORLD)


async def test_silence_is_unreachable_in_the_time_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    waiting = threading.Event()

    def slow(*_: object, **__: object) -> list[Any]:
        waiting.wait(PATIENCE)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", slow)
    try:
        with pytest.raises(Unreachable, match=r"within 0.05 s"):
            await reach(Origin("slow.test", 80), WORLD, 0.05)
    finally:
        waiting.set()


async def test_the_blocking_way_out_connects_too() -> None:
    async with playing({}) as server:
        sock = await asyncio.to_thread(
            egress.connect_blocking,
            "127.0.0.1",
            port_of(server),
            clearance=MACHINE,
            timeout=PATIENCE,
        )
        with sock:
            assert sock.getpeername() == ("127.0.0.1", port_of(server))
        await server.until(lambda s: s.connections)


async def test_the_blocking_way_out_says_what_refused() -> None:
    async with playing({}) as server:
        pass
    with pytest.raises(Unreachable, match="is the server running"):
        egress.connect_blocking("127.0.0.1", port_of(server), clearance=MACHINE, timeout=PATIENCE)


# ---------------------------------------------------------------- names that are not what they seem


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "localhost.", "a.localhost"])
async def test_the_name_service_is_not_asked_who_localhost_is(
    monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    system, asked = socket.getaddrinfo, []

    def service(name: str, *rest: Any, **options: Any) -> list[Any]:
        asked.append(name)
        return list(system("127.0.0.1", *rest, **options))

    monkeypatch.setattr(socket, "getaddrinfo", service)
    assert egress.where(host) is MACHINE
    assert egress.expected(Origin(host)) is MACHINE
    assert asked == ["localhost"]


@pytest.mark.parametrize("address", ["64:ff9b::7f00:1", "2002:7f00:1::", "64:ff9b::a00:1"])
def test_an_address_that_a_gateway_translates_is_the_world(address: str) -> None:
    assert lies(address) is WORLD


@pytest.mark.parametrize("host", ["0177.0.0.1", "2130706433", "0x7f.1", "127.1"])
def test_an_odd_spelling_of_an_address_lies_where_it_connects(host: str) -> None:
    (place,) = egress.resolve(host, 1)
    assert (place.sockaddr[0], place.where) == ("127.0.0.1", MACHINE)


@pytest.mark.parametrize(
    "host", ["a b", "h\x00", "127.0.0.1%2eevil.example", "%6cocalhost", "a,b", "a'b", "ü" * 70]
)
def test_what_no_host_is_called_is_refused(host: str) -> None:
    with pytest.raises(ConfigError, match="is no name of a host"):
        egress.parse(f"http://{host}/v1")


def test_an_international_name_is_written_as_dns_has_it() -> None:
    assert egress.parse("https://bücher.example")[0].authority == "xn--bcher-kva.example"


def test_wide_digits_are_the_address_that_they_write() -> None:
    assert egress.parse("http://１２７.0.0.1")[0].host == "127.0.0.1"


def test_the_interface_of_a_link_local_address_is_for_this_machine_alone() -> None:
    origin, _ = egress.parse("http://[fe80::1%25eth0]:8080")
    assert (origin.host, origin.authority) == ("fe80::1%eth0", "[fe80::1]:8080")


@pytest.mark.parametrize(
    "url", ["http://me:secret@h:x/", "http://me:secret@h/", "ftp://me:secret@h"]
)
def test_a_password_in_an_address_is_not_repeated(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        egress.parse(url)
    assert "secret" not in str(caught.value)
