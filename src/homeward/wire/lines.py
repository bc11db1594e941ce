"""Newline-delimited JSON, as Ollama streams it, from chunks cut anywhere."""

from homeward.errors import Garbled

LONGEST = 64 * 1024 * 1024  # bytes; a server that never ends a line must not fill the memory


class Lines:
    """Puts chunks together and cuts them at line ends. Empty lines are dropped."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._held = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that ``chunk`` completes, without their ends."""
        self._pieces.append(chunk)
        self._held += len(chunk)
        if b"\n" not in chunk:
            if self._held > LONGEST:
                raise Garbled(f"the answer has a line of more than {LONGEST} bytes")
            return []
        *lines, tail = b"".join(self._pieces).split(b"\n")
        self._pieces = [tail]
        self._held = len(tail)
        return [line for line in map(bytes.strip, lines) if line]

    def rest(self) -> bytes:
        """What came after the last line end; b"" when the stream ended cleanly."""
        return b"".join(self._pieces).strip()
