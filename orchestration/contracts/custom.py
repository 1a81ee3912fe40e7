"""The ``customProperties`` of a contract: what telmart adds to the standard, checked as read."""

from __future__ import annotations

import difflib
import re
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from orchestration.errors import TelmartError


class Custom:
    """The ``customProperties`` of one place in a contract, with checked access."""

    def __init__(self, path: Path, place: str, items: Any, known: tuple[str, ...]) -> None:
        self.path, self.place = path, place
        self.values = {item.property: item.value for item in items or []}
        for name in self.values:
            if name not in known:
                close = difflib.get_close_matches(str(name), known, n=1)
                hint = f"Did you mean {close[0]}?" if close else f"Known: {', '.join(known)}."
                fail(path, place + str(name), "is not a property telmart knows", hint)

    def text(self, name: str, default: str) -> str:
        value = self.values.get(name)
        return default if value is None else str(value)

    def texts(self, name: str) -> list[str]:
        value = self.values.get(name) or []
        if not isinstance(value, list):
            fail(self.path, self.place + name, f"is {value!r}", "Write a list: [a, b].")
        return [str(v).lower() if isinstance(v, bool) else str(v) for v in value]

    def choice(self, name: str, allowed: tuple[str, ...], default: str | None) -> str:
        value = self.values.get(name)
        if value is None and default is not None:
            return default
        if value not in allowed:
            shown = "is missing" if value is None else f"is {value!r}"
            fail(self.path, self.place + name, shown, f"Use one of {', '.join(allowed)}.")
        return str(value)

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            fail(self.path, self.place + name, f"is {value!r}", "Write true or false.")
        return bool(value)

    def integer(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is not None and type(value) is not int:
            fail(self.path, self.place + name, f"is {value!r}", "Write a whole number.")
        return value

    def time(self, name: str, default: str) -> str:
        value = self.text(name, default)
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
            fail(self.path, self.place + name, f"is {value!r}", 'Write a quoted time: "08:00".')
        return value

    def requirements(self) -> tuple[str, ...]:
        found = self.texts("requirements")
        for one in found:
            if not re.fullmatch(r"R\d{3}", one):
                fail(self.path, f"{self.place}requirements", f"holds {one!r}",
                      "Write ids as in docs/requirements.csv: [R001, R002].")  # fmt: skip
        return tuple(found)

    def share(self, name: str, default: float) -> float:
        value = self.values.get(name, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
            fail(self.path, self.place + name, f"is {value!r}", "Write a share from 0 to 0.99.")
        return float(value)

    def bound(self, name: str, logical: str) -> str | None:
        value = self.values.get(name)
        if value is None:
            return None
        text = str(value)
        if logical in {"number", "integer"}:
            try:
                Decimal(text)
            except InvalidOperation:
                fail(self.path, self.place + name, f"is {text!r}", "Write a number.")
        elif logical not in {"date", "timestamp"} or not re.match(r"\d{4}-\d\d-\d\d", text):
            fail(self.path, self.place + name, f"is {text!r}",
                  "Bounds are numbers, or dates for date columns.")  # fmt: skip
        return text


def fail(path: Path, field: str, what: str, remedy: str) -> Any:
    """Refuse a contract: which file and field, what is wrong there, what to write instead."""
    raise TelmartError(f"Contract {path}: {field} {what}.", remedy)
