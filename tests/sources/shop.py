"""A shop's database as a source: its table of payments, and the contract of the feed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from orchestration.loader import LoadResult, load_period, pending
from orchestration.settings import Settings
from orchestration.sources import Pulled, pull_period
from tests.loader.support import Warehouse
from tests.sources.servers import Server

FEED = "shop.payment"

#: column, type, header at the source, key, required
_COLUMNS = [
    ("payment_id", "text", "PAY_ID", True),
    ("paid_at", "timestamp", "pay_time", False),
    ("paid_amt", "numeric(12,2)", "amt", False),
    ("item_cnt", "integer", "qty", False),
    ("is_gift", "boolean", "gift", False),
    ("paid_date", "date", "pay_day", False),
    ("remark", "text", "备注", False),
]
_LOGICAL = {"text": "string", "numeric(12,2)": "number", "integer": "integer"}


def contract(server: str, period: str = "month", **source: Any) -> str:
    """The feed's contract; ``source`` are the properties of its server."""
    return yaml.safe_dump({
        "apiVersion": "v3.1.0", "kind": "DataContract", "id": FEED, "name": FEED,
        "version": "1.0.0", "status": "active",
        "servers": [{
            "server": "shop", "type": server,
            "customProperties": [{"property": k, "value": v} for k, v in source.items()],
        }],
        "customProperties": [
            {"property": "period", "value": period},
            {"property": "dueDay", "value": 3}, {"property": "dueTime", "value": "08:00"},
            {"property": "tolerance", "value": 0.5},
            {"property": "controlTotals", "value": ["paid_amt", "item_cnt"]},
        ],
        "schema": [{
            "name": "payment", "logicalType": "object", "physicalType": "table",
            "properties": [
                {"name": name, "physicalType": kind, "logicalType": _LOGICAL.get(kind, kind),
                 "primaryKey": key, "required": key,
                 "customProperties": [{"property": "aliases", "value": [alias]}]}
                for name, kind, alias, key in _COLUMNS
            ],
        }],
    }, allow_unicode=True)  # fmt: skip


@dataclass
class Shop:
    """The source, and the warehouse it is pulled into."""

    server: Server
    warehouse: Warehouse

    @classmethod
    def opened(cls, server: Server, warehouse: Warehouse) -> Shop:
        """An empty table of payments."""
        shop = cls(server, warehouse)
        moment = "timestamp(0)" if server.kind == "postgresql" else "datetime"
        shop.recreate(
            f"pay_id bigint primary key, pay_time {moment} null, amt decimal(14,4), qty int,"
            " gift boolean, pay_day date, 备注 varchar(50), secret varchar(9)"
        )
        return shop.agreed(table="pay_record", cursor="paid_at")

    def recreate(self, columns: str) -> None:
        self.server.run("drop table if exists pay_record", f"create table pay_record ({columns})")

    def agreed(self, period: str = "month", **source: Any) -> Shop:
        """The same shop with another contract."""
        text = contract(self.server.kind, period, **source)
        return replace(self, warehouse=self.warehouse.with_operator({FEED: text}))

    @property
    def settings(self) -> Settings:
        return self.warehouse.settings

    def pay(self, *rows: str) -> None:
        """Insert rows, each "id, time, amount, quantity, gift, day, remark" in SQL."""
        self.server.run(*(
            "insert into pay_record (pay_id, pay_time, amt, qty, gift, pay_day, 备注)"
            f" values ({row})" for row in rows
        ))  # fmt: skip

    def many(self, count: int, month: str = "2026-10") -> None:
        """Insert ordinary rows, numbered from 1."""
        row = "{n}, '" + month + "-15 10:00:00', 1.25, 1, true, '" + month + "-15', 'ordinary'"
        source = (
            f"generate_series(1, {count}) as n" if self.server.kind == "postgresql"
            else f"(select seq as n from seq_1_to_{count}) s"
        )  # fmt: skip
        self.server.run(
            "insert into pay_record (pay_id, pay_time, amt, qty, gift, pay_day, 备注)"
            f" select {row.format(n='n')} from {source}"
        )

    def pull(self, period: str = "2026-10", **kw: Any) -> Pulled:
        return pull_period(self.settings, FEED, period, **kw)

    def load(self) -> list[LoadResult]:
        """Load what is pending, as a refresh does."""
        return [
            load_period(self.settings, a.feed, a.period, list(a.files))
            for a in pending(self.settings)
        ]

    def rows(self) -> list[tuple[Any, ...]]:
        """What the warehouse holds, by key."""
        names = ", ".join(name for name, *_ in _COLUMNS)
        return self.warehouse.query(
            f"select {names} from raw.shop__payment order by payment_id::bigint"
        )

    def landed(self) -> list[str]:
        """Everything below the landing area, hidden files too."""
        landing = Path(self.settings.landing)
        return sorted(str(p.relative_to(landing)) for p in landing.rglob("*") if p.is_file())
