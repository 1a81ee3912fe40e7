"""A loader in a process of its own, for tests that kill it or run two at once.

python -m tests.loader.process HOME PORT FEED PERIOD FILE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from orchestration.errors import TelmartError
from orchestration.loader import load_period
from orchestration.settings import Settings


def main() -> None:
    """Load one file and print the result as JSON; exit 1 with the message if refused."""
    home, port, feed, period, file = sys.argv[1:]
    settings = Settings(
        home=Path(home), landing=str(Path(home) / "landing"), external_url=None,
        pg_port=int(port), superset_port=0, dagster_port=0, timezone="Asia/Shanghai",
        operator=None,
    )  # fmt: skip
    try:
        result = load_period(settings, feed, period, [Path(file)])
    except TelmartError as error:
        sys.exit(error.message)
    print(json.dumps(result.as_dict()))


if __name__ == "__main__":
    main()
