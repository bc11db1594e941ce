"""Trouble with a store: said once when it begins, once when it ends, and counted."""

import logging
import time

LOG = logging.getLogger("homeward")


class Trouble:
    """``what`` is the subject of both sentences. ``failures`` counts all attempts that failed."""

    def __init__(self, what: str, meanwhile: str) -> None:
        self.what = what
        self.meanwhile = meanwhile
        self.failures = 0
        self._since: float | None = None

    @property
    def is_on(self) -> bool:
        return self._since is not None

    def failed(self, error: BaseException) -> None:
        self.failures += 1
        if self._since is None:
            self._since = time.monotonic()
            reason = str(error) or type(error).__name__
            LOG.warning("%s: %s; %s", self.what, reason, self.meanwhile)

    def succeeded(self) -> None:
        if self._since is not None:
            LOG.warning("%s: well again after %.0f s", self.what, time.monotonic() - self._since)
            self._since = None
