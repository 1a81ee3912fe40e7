"""What comes before a refresh looks at the landing area: bringing in what lies elsewhere."""

from __future__ import annotations

from orchestration.loader.fetching import fetch
from orchestration.refresh.progress import Progress, Stage
from orchestration.settings import Settings


def gather(settings: Settings, progress: Progress, month: str | None = None) -> None:
    """Fetch what is new in a remote landing area.

    Raises:
        TelmartError: it cannot be reached. What was fetched before that stays and is loaded by the
            next refresh.
    """
    line = progress.lines[Stage.PREPARE]

    def tell(what: str) -> None:
        line.text = f"fetching {what}"
        progress.show()

    done = fetch(settings, month, tell)
    if done.periods:
        progress.say(
            f"{Stage.PREPARE}: fetched {len(done.periods)} periods,"
            f" {done.files} files, {done.bytes:,} bytes"
        )
    progress.notes += done.unsettled
