"""The feed that the benchmarks load: 18 columns of subscriber-month, made in blocks by numpy."""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import polars as pl

FEED = "bench.subscriber_month"
PERIOD = "2026-10"
#: column, PostgreSQL type, rules
COLUMNS: list[tuple[str, str, dict[str, str]]] = [
    ("subscriber_id", "text", {}),
    ("msisdn", "text", {}),
    ("area_id", "text", {}),
    ("brand", "text", {"allowed": "[gotone, mzone, easyown]"}),
    ("status", "text", {"allowed": "[on_net, suspended, off_net]"}),
    ("opened_on", "date", {"timing": "until_period_end"}),
    ("last_seen_at", "timestamp", {"timing": "in_period"}),
    ("is_active", "boolean", {}),
    ("sms_cnt", "integer", {"min": "0"}),
    ("call_cnt", "integer", {"min": "0"}),
    ("active_days", "integer", {"min": "0", "max": "31"}),
    ("voice_out_min", "numeric(12,2)", {"min": "0"}),
    ("voice_in_min", "numeric(12,2)", {"min": "0"}),
    ("data_mb", "numeric(14,2)", {"min": "0"}),
    ("rental_fee_amt", "numeric(18,2)", {}),
    ("voice_fee_amt", "numeric(18,2)", {}),
    ("data_fee_amt", "numeric(18,2)", {}),
    ("billed_amt", "numeric(18,2)", {}),
]
_LOGICAL = {"text": "string", "numeric": "number"}
_BLOCK = 250_000


def write_contract(operator: Path) -> None:
    """Write the feed's contract into an operator's folder."""
    system, entity = FEED.split(".")
    lines = [
        "apiVersion: v3.1.0",
        "kind: DataContract",
        f"id: {FEED}",
        "version: 1.0.0",
        "status: active",
        "customProperties:",
        "  - {property: period, value: month}",
        "  - {property: controlTotals, value: [billed_amt]}",
        "schema:",
        f"  - name: {entity}",
        "    properties:",
    ]
    for number, (name, sql_type, rules) in enumerate(COLUMNS):
        base = sql_type.partition("(")[0]
        lines += [
            f"      - name: {name}",
            f"        logicalType: {_LOGICAL.get(base, base)}",
            f"        physicalType: {sql_type}",
            "        required: true",
        ]
        if number == 0:
            lines.append("        primaryKey: true")
        if rules:
            lines.append("        customProperties:")
            lines += [f"          - {{property: {k}, value: {v}}}" for k, v in rules.items()]
    path = operator / "contracts" / system / f"{entity}.yaml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def write_clean(path: Path, rows: int) -> None:
    """Write a file of ``rows`` good rows, header included; the same every time."""
    with path.open("wb") as f:
        f.write((",".join(name for name, _, _ in COLUMNS) + "\n").encode())
        for start in range(0, rows, _BLOCK):
            f.write(_block(start, min(_BLOCK, rows - start)))


def write_with_bad_rows(clean: Path, path: Path, share: float = 0.01) -> int:
    """Copy a clean file with a share of its rows spoilt in eight ways; returns how many."""
    dice = random.Random(1)  # noqa: S311 - a benchmark wants the same dice every time
    count = 0
    previous = ""
    with clean.open() as source, path.open("w") as out:
        out.write(next(source))
        for line in source:
            spoilt = line
            if dice.random() < share and previous:
                spoilt = _spoil(line, previous, count % 8)
                count += 1
            else:
                previous = line
            out.write(spoilt)
    return count


def _spoil(line: str, previous: str, way: int) -> str:
    fields = line.rstrip("\n").split(",")
    changes: dict[int, tuple[int, str]] = {
        0: (11, "abc"),
        1: (5, "2026-13-45"),
        2: (3, "other"),
        3: (10, "99"),
        4: (17, "1.00,surplus"),
        5: (0, ""),
        6: (0, previous.partition(",")[0]),
        7: (6, "2027-01-01 00:00:00"),
    }
    index, value = changes[way]
    fields[index] = value
    return ",".join(fields) + "\n"


def _block(start: int, count: int) -> bytes:
    dice = np.random.default_rng(start)
    numbers = dice.permutation(np.arange(start, start + count))
    money = {
        name: np.round(dice.gamma(2, scale, count), 2)
        for name, scale in (
            ("voice_out_min", 150), ("voice_in_min", 120), ("data_mb", 3000),
            ("rental_fee_amt", 40), ("voice_fee_amt", 20), ("data_fee_amt", 15),
        )
    }  # fmt: skip

    def text(prefix: str, values: np.ndarray, width: int) -> pl.Series:
        return prefix + pl.Series(values).cast(pl.String).str.zfill(width)

    def choice(*values: str) -> np.ndarray:
        return np.array(values)[dice.integers(0, len(values), count)]

    frame = pl.DataFrame(
        {
            "subscriber_id": text("S", numbers, 11),
            "msisdn": text("138", dice.integers(0, 10**8, count), 8),
            "area_id": text("A", dice.integers(0, 400, count), 4),
            "brand": choice("gotone", "mzone", "easyown"),
            "status": choice("on_net", "suspended", "off_net"),
            "opened_on": pl.Series(dice.integers(10_000, 20_500, count))
            .cast(pl.Int32)
            .cast(pl.Date),
            "last_seen_at": (
                pl.Series(dice.integers(0, 31 * 86_400, count)) * 1_000_000 + 1_790_812_800_000_000
            ).cast(pl.Datetime("us")),
            "is_active": dice.integers(0, 2, count).astype(bool),
            "sms_cnt": dice.integers(0, 200, count),
            "call_cnt": dice.integers(0, 500, count),
            "active_days": dice.integers(0, 32, count),
            **money,
        }
    )
    fees = pl.col("rental_fee_amt") + pl.col("voice_fee_amt") + pl.col("data_fee_amt")
    frame = frame.with_columns(billed_amt=fees.round(2))
    text_ = frame.write_csv(
        include_header=False, datetime_format="%Y-%m-%d %H:%M:%S", float_precision=2
    )
    return text_.encode()
