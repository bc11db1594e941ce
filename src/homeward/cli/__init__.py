"""The command line: parse and call. One file per command."""

from homeward.cli.app import main

__all__ = ["main"]
