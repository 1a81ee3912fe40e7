"""What comes before a refresh looks at the landing area: bringing in what lies elsewhere."""

from __future__ import annotations

from orchestration.contracts import all_feeds
from orchestration.errors import TelmartError
from orchestration.loader.fetching import fetch
from orchestration.refresh.progress import Progress, Stage
from orchestration.settings import Settings


def gather(settings: Settings, progress: Progress, month: str | None = None) -> list[str]:
    """Pull what is due from databases, and fetch what is new in a remote landing area.

    Returns:
        What could not be brought in, each with the reason. It keeps nothing else from being loaded.
    """
    missed = _pull(settings, progress, month)
    try:
        _fetch(settings, progress, month)
    except TelmartError as error:
        missed.append(str(error))
    progress.notes += [f"Not brought in: {what}" for what in missed]
    return missed


def _pull(settings: Settings, progress: Progress, month: str | None) -> list[str]:
    if not any(feed.enabled and feed.source for feed in all_feeds(settings).values()):
        return []
    from orchestration.sources import due_periods, pull_period  # noqa: PLC0415 - SQLAlchemy

    missed = []
    for feed, period in due_periods(settings):
        if month and not period.startswith(month):
            continue
        _show(progress, f"pulling {feed} {period}")
        try:
            done = pull_period(settings, feed, period)
        except TelmartError as error:
            missed.append(f"{feed} {period}: {error}")
            continue
        if done.state == "pulled":
            progress.say(f"{Stage.PREPARE}: pulled {feed} {period}, {done.rows:,} rows")
    return missed


def _fetch(settings: Settings, progress: Progress, month: str | None) -> None:
    done = fetch(settings, month, lambda what: _show(progress, f"fetching {what}"))
    if done.periods:
        progress.say(
            f"{Stage.PREPARE}: fetched {len(done.periods)} periods,"
            f" {done.files} files, {done.bytes:,} bytes"
        )
    progress.notes += done.unsettled


def _show(progress: Progress, what: str) -> None:
    progress.lines[Stage.PREPARE].text = what
    progress.show()
