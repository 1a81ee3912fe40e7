"""Which files of a period's folder are part of the extract."""

from __future__ import annotations

from pathlib import Path

from orchestration.loader.manifest import NAME as MANIFEST

#: names of files that are still being written
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".swp")


def is_data_file(path: Path) -> bool:
    """Whether a file is part of an extract: no manifest, not hidden, not still being written."""
    return is_data_name(path.name)


def is_data_name(name: str) -> bool:
    """``is_data_file`` for a name."""
    return name != MANIFEST and not name.startswith((".", "_")) and not name.endswith(_UNFINISHED)
