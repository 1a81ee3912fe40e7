"""The truth file: what was planted, which the warehouse never reads.

Its first line says which sample it belongs to, whether that is complete and which faults were
planted; one line for each kind of thing planted follows. The whole is one JSON object. Being in
lines, it is put together, and its first line is read and changed, without holding it in memory.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TextIO


def read_head(truth_file: Path) -> dict[str, Any]:
    """``made_with``, ``complete`` and ``faults`` of the sample that lies there; empty when there is
    none that can be read.
    """
    try:
        with truth_file.open(encoding="utf-8") as f:
            head = _head(f)
    except (OSError, ValueError):
        return {}
    return head if "made_with" in head else {}


def begin(truth_file: Path, made_with: Mapping[str, object]) -> None:
    """Say that a sample is being made: until ``finish`` it counts as incomplete."""
    truth_file.parent.mkdir(parents=True, exist_ok=True)
    head = {"made_with": made_with, "complete": False}
    truth_file.write_text(_dumps(head) + "\n", encoding="utf-8")


def save(folder: Path, planted: Mapping[str, Any]) -> dict[str, Path]:
    """Keep what one job planted: a file for each key."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = {}
    for key, value in planted.items():
        kept[key] = folder / f"{key}.json"
        kept[key].write_text(_dumps(value), encoding="utf-8")
    return kept


def finish(
    truth_file: Path, made_with: Mapping[str, object], planted: Iterable[Mapping[str, Path]]
) -> None:
    """Put together what all jobs planted (see ``save``): lists of the same key are joined."""
    of_key: dict[str, list[Path]] = {}
    for kept in planted:
        for key, path in kept.items():
            of_key.setdefault(key, []).append(path)
    partial = truth_file.with_name(truth_file.name + ".partial")
    with partial.open("w", encoding="utf-8") as f:
        f.write(_open(_dumps({"made_with": made_with, "complete": True, "faults": []})))
        for key, paths in of_key.items():
            f.write(f",\n{_dumps(key)}:")
            _join(f, paths)
        f.write("}\n")
    partial.replace(truth_file)


def note_fault(truth_file: Path, fault: Mapping[str, str]) -> None:
    """Add a fault to the first line."""
    partial = truth_file.with_name(truth_file.name + ".partial")
    with truth_file.open(encoding="utf-8") as old, partial.open("w", encoding="utf-8") as new:
        head = _head(old)
        head.setdefault("faults", []).append(fault)
        rest = old.readline()
        new.write(_open(_dumps(head)) + (",\n" if rest else "}\n"))
        while rest:
            new.write(rest)
            rest = old.readline()
    partial.replace(truth_file)


def _head(file: TextIO) -> dict[str, Any]:
    line = file.readline().rstrip()
    found = json.loads(line.removesuffix(",") + "}" if line.endswith(",") else line)
    return found if isinstance(found, dict) else {}


def _open(head: str) -> str:
    """An object to which something is added."""
    return head.removesuffix("}")


def _join(file: TextIO, paths: list[Path]) -> None:
    if len(paths) == 1:
        file.write(paths[0].read_text(encoding="utf-8"))
        return
    texts = (p.read_text(encoding="utf-8")[1:-1] for p in paths)
    file.write("[")
    for number, text in enumerate(t for t in texts if t):
        file.write("," * (number > 0) + text)
    file.write("]")


def _dumps(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
