"""Named points at which a test may kill this process, to prove that a load survives it.

Set ``TELMART_KILL_AT=<point>``; the points are where a load's state changes.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "after_lock",
    "after_ledger",
    "after_create",
    "mid_copy",
    "after_copy",
    "after_checks",
    "after_detach",
    "after_attach",
    "before_commit",
    "after_commit",
)


def point(name: str) -> None:
    """Die here, at once and without cleaning up, if the environment says so."""
    if os.environ.get("TELMART_KILL_AT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
