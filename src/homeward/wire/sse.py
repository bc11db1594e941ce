"""Server-sent events (WHATWG HTML, 9.2), from chunks cut anywhere.

``id`` and ``retry`` are skipped: a model's answer cannot be resumed by them.
"""

from msgspec import Struct

from homeward.errors import Garbled

BOM = b"\xef\xbb\xbf"
LONGEST = 64 * 1024 * 1024  # bytes; a server that never ends a frame must not fill the memory


class Frame(Struct, frozen=True):
    """One event. ``event`` is empty where the server did not name it."""

    event: str
    data: bytes


class Parser:
    """Bytes in, frames out. A frame counts once its blank line has come."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []  # of a line that has not ended
        self._event = ""
        self._data: list[bytes] = []
        self._size = 0  # bytes of the data under way, line ends included
        self._held = 0  # the same and the pieces
        self._after_cr = False  # the last chunk ended between \r and, perhaps, \n
        self._started = False

    def feed(self, chunk: bytes) -> list[Frame]:
        """The frames that ``chunk`` completes."""
        if self._after_cr and chunk.startswith(b"\n"):
            chunk = chunk[1:]
            self._after_cr = False
        if not chunk:
            return []
        self._after_cr = chunk.endswith(b"\r")
        self._pieces.append(chunk)
        self._held += len(chunk)
        if b"\n" not in chunk and b"\r" not in chunk:
            self._bound()
            return []
        lines = b"".join(self._pieces).splitlines(keepends=True)
        tail = b"" if lines[-1].endswith((b"\n", b"\r")) else lines.pop()
        self._pieces = [tail] if tail else []
        frames: list[Frame] = []
        for ended in lines:
            line = ended.rstrip(b"\r\n")
            if line.startswith(b"data:"):
                self._keep(line[6:] if line.startswith(b" ", 5) else line[5:])
            elif line:
                self._field(line)
            else:
                if self._data:
                    frames.append(Frame(self._event, b"\n".join(self._data)))
                self._event, self._data, self._size = "", [], 0
            self._started = True
        self._held = len(tail) + self._size
        self._bound()
        return frames

    def end(self) -> list[Frame]:
        """The last frame of a server that closes without the blank line after it."""
        return self.feed(b"\n\n")

    def _field(self, line: bytes) -> None:
        if not self._started and line.startswith(BOM):
            line = line.removeprefix(BOM)
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"event":
            self._event = value.decode(errors="replace")
        elif name == b"data":
            self._keep(value)

    def _keep(self, value: bytes) -> None:
        self._data.append(value)
        self._size += len(value) + 1  # an empty line takes memory too

    def _bound(self) -> None:
        if self._held > LONGEST:
            raise Garbled(f"the answer has an event of more than {LONGEST} bytes")


def frame(data: bytes, event: str = "") -> bytes:
    """One event as bytes."""
    head = b"event: %b\n" % event.encode() if event else b""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"%bdata: %b\n\n" % (head, lines.replace(b"\n", b"\ndata: "))
