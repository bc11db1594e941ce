"""Reading the small files of /proc and /sys, of which any may be missing, empty or forbidden."""

from pathlib import Path

MOST = 1 << 64


def text(path: Path) -> str:
    """What is in it, without the space around it; nothing where it cannot be read."""
    try:
        return path.read_text(errors="replace").strip().strip("\0")
    except OSError:
        return ""


def number(path: Path) -> int | None:
    """A file with one count, decimal or 0x...; None where there is none."""
    try:
        found = int(text(path), 0)
    except ValueError:
        return None
    return found if 0 <= found < MOST else None


def count(said: str | None) -> int:
    """What a field counts; 0 where it does not say, or says what is no count."""
    plain = said is not None and said.isascii() and said.isdigit() and len(said) < 20
    return int(said) if said is not None and plain else 0


def fields(path: Path, separator: str | None = None) -> dict[str, str]:
    """Lines of a key and a value: ``MemTotal:  1 kB`` with ``:``, ``inactive_file 1`` without."""
    rows = (line.split(separator, 1) for line in text(path).splitlines())
    return {row[0].strip(): row[1].strip() for row in rows if len(row) == 2}


def folders(path: Path) -> list[Path]:
    """What is in a folder, by name; nothing where it cannot be read."""
    try:
        return sorted(path.iterdir())
    except OSError:
        return []


def below(root: Path, *names: str) -> Path:
    """An absolute path as it is called below another root; it never leads out of it."""
    parts = [part for name in names for part in name.split("/") if part not in ("", ".", "..")]
    return root.joinpath(*parts)
