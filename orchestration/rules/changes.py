"""Which rows of the rule tables differ between two states of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orchestration.rules.reading import Content, shown


@dataclass(frozen=True)
class RowChange:
    """One row that is not the same.

    Attributes:
        kind: ``added``, ``removed`` or ``changed``.
        fields: column to (old, new), as the CSV has them; of a whole row, those with a value.
    """

    table: str
    rule_id: str
    kind: str
    fields: Mapping[str, tuple[str, str]]

    @property
    def text(self) -> str:
        """``min_value 300 → 250`` for people."""
        if self.kind == "changed":
            return ", ".join(
                f"{c} {old or '(empty)'} → {new or '(empty)'}"
                for c, (old, new) in self.fields.items()
            )
        return ", ".join(f"{column} {old or new}" for column, (old, new) in self.fields.items())


def row_changes(old: Mapping[str, Content], new: Mapping[str, Content]) -> list[RowChange]:
    """Every row that was added, removed or changed; order and spelling (1.0, 1.00) do not count.

    Args:
        old: by table; a table that is missing had no rows.
        new: by table.
    """
    return [
        change
        for name in sorted(old.keys() | new.keys())
        for change in _of_table(name, old.get(name), new.get(name))
    ]


def _of_table(name: str, old: Content | None, new: Content | None) -> Iterator[RowChange]:
    [described, *_] = [content.table for content in (new, old) if content]
    key = ("code_set", "code") if name == "code_name" else (described.key,)
    before, after = _by_key(old, key), _by_key(new, key)
    for row_key in [*before, *(k for k in after if k not in before)]:
        one, other = before.get(row_key, {}), after.get(row_key, {})
        fields = {
            column: (shown(one.get(column)), shown(other.get(column)))
            for column in described.types
            if one.get(column) != other.get(column)
        }
        if fields:
            kind = "changed" if one and other else "added" if other else "removed"
            yield RowChange(name, "/".join(shown(part) for part in row_key), kind, fields)


def _by_key(
    content: Content | None, key: Sequence[str]
) -> dict[tuple[Any, ...], Mapping[str, Any]]:
    rows = content.rows if content else []
    return {tuple(row[column] for column in key): row.values for row in rows}
