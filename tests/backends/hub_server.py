"""A small hub on loopback: lists repositories and serves their files, from another host, by range.

with hub({"org/repo": {"model-Q4_K_M.gguf": data}}) as server:
    ...  # server.url is for HF_ENDPOINT, server.asked holds the requests for files
"""

import hashlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote, urlsplit

REVISION = "0123456789abcdef0123456789abcdef01234567"


@dataclass(frozen=True)
class Asked:
    """One request for bytes: where, from which on, and with which key."""

    path: str
    range: str | None
    key: str | None


@dataclass
class Hub:
    """``cuts`` are the bytes after which the next answers break off, ``says`` the statuses."""

    repos: Mapping[str, Mapping[str, bytes]]
    checksums: dict[str, str] = field(default_factory=dict[str, str])
    cuts: list[int] = field(default_factory=list[int])
    refusals: dict[str, tuple[int, str]] = field(default_factory=dict[str, tuple[int, str]])
    pause: float = 0.0  # seconds before each piece
    ranges: bool = True
    url: str = ""
    elsewhere: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])
    listed: list[Mapping[str, str]] = field(default_factory=list[Mapping[str, str]])

    def listing(self, repo: str) -> bytes:
        siblings = []
        for name, data in self.repos[repo].items():
            sha = self.checksums.get(name, hashlib.sha256(data).hexdigest())
            lfs = {"sha256": sha, "size": len(data), "pointerSize": 130}
            blob = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            sibling = {"rfilename": name, "size": len(data), "blobId": blob}
            siblings.append(sibling | ({"lfs": lfs} if len(data) > 1000 else {}))
        return json.dumps({"id": repo, "sha": REVISION, "siblings": siblings}).encode()


class _Handler(BaseHTTPRequestHandler):
    def __init__(self, hub: Hub, *args: object) -> None:
        self.hub = hub
        super().__init__(*args)  # type: ignore[arg-type]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass

    def do_GET(self) -> None:
        path = unquote(urlsplit(self.path).path)
        key = self.headers.get("authorization")
        if path.startswith("/api/models/"):
            self.hub.listed.append(dict(self.headers))
            return self._list(path.removeprefix("/api/models/"))
        self.hub.asked.append(Asked(path, self.headers.get("range"), key))
        repo, _, file = path.removeprefix("/bytes").strip("/").partition(f"/resolve/{REVISION}/")
        if path.startswith("/bytes"):
            return self._serve(self.hub.repos[repo][file])
        return self._answer(302, location=f"{self.hub.elsewhere}/bytes{self.path}")

    def _list(self, repo: str) -> None:
        if repo in self.hub.refusals:
            status, code = self.hub.refusals[repo]
            return self._answer(status, x_error_code=code)
        if repo not in self.hub.repos:
            return self._answer(404, x_error_code="RepoNotFound")
        return self._answer(200, self.hub.listing(repo), content_type="application/json")

    def _serve(self, data: bytes) -> None:
        begin, end = 0, len(data)
        if self.hub.ranges and (asked := self.headers.get("range")):
            first, _, last = asked.removeprefix("bytes=").partition("-")
            begin, end = int(first), int(last or end) + 1
        rest = data[begin:end]
        cut = self.hub.cuts.pop(0) if self.hub.cuts else len(rest)
        self.send_response(206 if self.hub.ranges else 200)
        self.send_header("content-length", str(len(rest)))
        self.end_headers()
        time.sleep(self.hub.pause)
        self.wfile.write(rest[:cut])

    def _answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def hub(repos: Mapping[str, Mapping[str, bytes]]) -> Iterator[Hub]:
    state = Hub(repos)
    handler = partial(_Handler, state)
    with (
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as front,
        ThreadingHTTPServer(("127.0.0.1", 0), handler) as behind,
    ):
        state.url, state.elsewhere = (
            f"http://127.0.0.1:{server.server_address[1]}" for server in (front, behind)
        )
        threads = [
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
            for server in (front, behind)
        ]
        for thread in threads:
            thread.start()
        yield state
        for server in (front, behind):
            server.shutdown()
        for thread in threads:
            thread.join()
