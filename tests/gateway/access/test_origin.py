"""Which host names and which web pages are ours."""

import pytest

from homeward.gateway.access.origin import MACHINE, foreign_host, foreign_origin
from homeward.gateway.settings import Settings

HERE = Settings(
    hosts=("Models.example.org", "*.lab.example.org"), origins=("https://Chat.example.org/",)
)
EVERYWHERE = Settings(host="0.0.0.0", origins=("chrome-extension://*",))


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "LOCALHOST:7373",
        "localhost.",
        "127.0.0.1:7373",
        "127.0.0.2",
        "192.168.1.20:80",
        "[::1]:7373",
        "[fe80::1]",
        "model.localhost",
        "nas.local:7373",
        "host.docker.internal",
        MACHINE,
        "models.example.org",
        "MODELS.example.org:443",
        "a.lab.example.org",
    ],
)
def test_what_nobody_elses_dns_answers_for_is_ours(host: str) -> None:
    assert not foreign_host(host.encode(), HERE)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "evil.example.com",
        "localhost.evil.example.com",
        "evil-localhost",
        "127.0.0.1.nip.io",
        "127.1",
        "0x7f000001",
        "2130706433",
        "lab.example.org",
        "models.example.org.evil.com",
        "localhost:7373/path",
        "localhost:7373@evil.example.com",
        "user@localhost",
        "localhost localhost",
        "localhost,evil.example.com",
        "[::1",
        "[::1]]",
        "[::1%25eth0]",
        "localhost:port",
        "localhost:123456",
        "lоcalhost",
        "local\thost",
    ],
)
def test_any_other_name_is_foreign(host: str) -> None:
    assert foreign_host(host.encode(), HERE)


def test_a_name_of_ones_own_network_is_ours_only_where_others_may_call() -> None:
    assert foreign_host(b"homeward:7373", HERE)
    assert not foreign_host(b"homeward:7373", EVERYWHERE)
    assert foreign_host(b"evil.example.com", EVERYWHERE)


@pytest.mark.parametrize(
    "origin",
    [
        "http://localhost",
        "http://localhost:3000",
        "https://127.0.0.1:8080",
        "http://[::1]:3000",
        "http://ui.localhost:3000",
        "https://chat.example.org",
        "HTTPS://CHAT.example.org",
        "app://obsidian.md",
        "file://",
        "tauri://localhost",
        "vscode-webview://1b2c3d",
    ],
)
def test_pages_of_this_machine_and_those_that_were_named_may_call(origin: str) -> None:
    assert not foreign_origin(origin.encode(), b"127.0.0.1:7373", HERE)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "https://evil.example.com",
        "http://localhost.evil.example.com",
        "http://evil.example.com:3000/localhost",
        "http://localhost@evil.example.com",
        "http://localhost:3000/",
        "http://localhost:3000?x",
        "http://127.0.0.1.evil.example.com",
        "http://192.168.1.20",
        "http://chat.example.org",
        "https://chat.example.org.evil.com",
        "https://chat.example.org:444",
        "chrome-extension://abc",
        "javascript:alert(1)",
        "app",
        "evil-app://x",
        "data://localhost",
        "http://local\thost",
    ],
)
def test_any_other_page_may_not(origin: str) -> None:
    assert foreign_origin(origin.encode(), b"127.0.0.1:7373", HERE)


def test_a_page_may_call_the_host_that_it_came_from() -> None:
    assert not foreign_origin(b"http://192.168.1.20:7373", b"192.168.1.20:7373", EVERYWHERE)
    assert foreign_origin(b"http://192.168.1.20:80", b"192.168.1.20:7373", EVERYWHERE)


def test_pages_of_the_callers_machine_are_not_pages_of_this_one() -> None:
    assert foreign_origin(b"http://localhost:3000", b"192.168.1.20:7373", EVERYWHERE)


def test_a_star_stands_for_any_part_of_an_origin() -> None:
    assert not foreign_origin(b"chrome-extension://abcdef", b"127.0.0.1", EVERYWHERE)
