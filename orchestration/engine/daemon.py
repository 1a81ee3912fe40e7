"""Dagster's daemon, as `dagster-daemon` starts it, but reading our definitions less often.

    python -m orchestration.engine.daemon HOME

HOME only tells the daemons of two installations apart in the list of processes. By default Dagster
starts a new code server every minute, which is 8 s of one core each time; the sensor waits where
contracts or switches changed since.
"""

from __future__ import annotations

import sys

from dagster._daemon import controller
from dagster._daemon.cli import main

#: seconds after which changed contracts and models are read
RELOAD_S = 300

if __name__ == "__main__":
    controller.RELOAD_WORKSPACE_INTERVAL = RELOAD_S
    sys.argv = ["dagster-daemon", "run", "-m", "orchestration.definitions"]
    main()
