"""Who the people are, from the files and by the reader of ``orchestration.access``."""

from __future__ import annotations

import importlib.util
import logging
import sys
from functools import cache
from typing import Any

from orchestration.errors import TelmartError
from orchestration.settings import ROOT, Settings, settings

_log = logging.getLogger(__name__)
_known: tuple[object, dict[str, Any]] | None = None


@cache
def _reader() -> Any:
    """The module that reads the people files.

    Loaded by its path: its package imports psycopg 3, which Superset's environment does not have,
    while the module itself needs nothing but Python.
    """
    name = "telmart_people_files"
    spec = importlib.util.spec_from_file_location(
        name, ROOT / "orchestration/access/people_files.py"
    )
    assert spec and spec.loader  # noqa: S101 - the file is part of this checkout
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look their own module up
    spec.loader.exec_module(module)
    return module


def read(where: Settings) -> dict[str, Any]:
    """People of this installation by name; none where an operator has not named any yet.

    Raises:
        TelmartError: the files are at fault; every row is named.
    """
    folder = _reader().people_folder(where)
    if folder is None:
        return {}
    return {person.person: person for person in _reader().read_people(folder).people}


def people() -> dict[str, Any]:
    """The same, read again as soon as a file changes.

    Files at fault change nobody's access: as with ``telmart up``, what was last read stands.
    """
    global _known  # noqa: PLW0603 - one cache per process, replaced as a whole
    where = settings()
    folder = _reader().people_folder(where)
    state = (str(folder), _changed_at(folder))
    if _known is None or _known[0] != state:
        try:
            _known = (state, read(where))
        except TelmartError as error:
            _log.error("%s", error)
            _known = (state, _known[1] if _known else {})
    return _known[1]


def _changed_at(folder: Any) -> tuple[int, ...]:
    if folder is None:
        return ()
    files = [folder / "people.csv", folder / "person_scope.csv"]
    return tuple(file.stat().st_mtime_ns for file in files if file.exists())
