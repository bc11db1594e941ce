"""Files of models, sent to an Ollama server piece by piece: they are larger than memory.

As docs/api.md of ollama/ollama has it: "Push a Blob". Blocks, as all that reads large files does.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

from homeward.backends.hub_client import hub_client
from homeward.backends.ollama_server import OllamaServer
from homeward.backends.ollama_stock import Step
from homeward.errors import Failed, Unauthorized, Unreachable
from homeward.model import Clearance, Seconds

PIECE = 1 << 20
WRITING: Seconds = 600.0  # a server's silence behind the last byte

Tell = Callable[[Step], None]


def digest(file: Path, tell: Tell) -> str:
    """``sha256:`` and the checksum of the file. OSError."""
    found = hashlib.sha256()
    for piece in _pieces(file, "reading", tell):
        found.update(piece)
    return f"sha256:{found.hexdigest()}"


def send(url: str, file: Path, name: str, tell: Tell) -> None:
    """Send the file as the blob ``name`` (its digest), unless the server has it already.

    Unreachable, Unauthorized, Failed, OSError.
    """
    headers = OllamaServer(url, name).headers()
    at = f"{url}/api/blobs/{name}"
    with hub_client(Clearance.NETWORK) as client:
        session = client.session
        try:
            has = session.head(at, headers=headers, follow_redirects=False)
            if has.status_code == 200:
                return
            response = session.post(
                at,
                content=_pieces(file, "sending", tell),
                headers={**headers, "content-length": str(file.stat().st_size)},
                follow_redirects=False,
                timeout=WRITING,
            )
        except client.broken as error:
            raise Unreachable(
                f"{url} broke off while {file.name} was sent to it ({error}): do it again"
            ) from None
    if response.status_code in (401, 403):
        raise Unauthorized(f"{url} takes no files from here: set OLLAMA_API_KEY to its key")
    if not 200 <= response.status_code < 300:
        words = response.text[:200]
        raise Failed(f"{url} refused {file.name} ({response.status_code}, {words}): see its log")


def _pieces(file: Path, doing: str, tell: Tell) -> Iterator[bytes]:
    done, total = 0, file.stat().st_size
    with file.open("rb") as opened:
        while piece := opened.read(PIECE):
            yield piece
            done += len(piece)
            tell(Step(f"{doing} {file.name}", done, total, f"{doing} {file}"))
