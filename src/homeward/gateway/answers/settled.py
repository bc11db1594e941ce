"""A job is settled however the work on it ends."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from homeward.gateway.answers.job import Job
from homeward.gateway.exchange import Left


@contextmanager
def settled(job: Job) -> Iterator[None]:
    """Within the block the client's leaving cancels the work; `Left` then.

    What goes wrong is raised again, billed. What goes well is settled by whoever answers, before
    the last byte.
    """
    try:
        with job.exchange.attended():
            yield
    except (Left, asyncio.CancelledError):
        job.settle("cancelled")
        raise
    except Exception as error:  # a bug too: the work was done
        job.settle("failed", error)
        raise
