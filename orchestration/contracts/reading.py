"""Reading Open Data Contract Standard files into feeds, refusing what telmart cannot load.

Every error names the file and the field in it.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from orchestration.contracts.custom import Custom, fail
from orchestration.contracts.feed import Column, Feed, Source
from orchestration.contracts.period import month_start
from orchestration.contracts.switches import switched_off
from orchestration.contracts.versions import MARK, is_earlier, with_earlier
from orchestration.errors import TelmartError
from orchestration.settings import Settings

#: PostgreSQL types a column may have, and the logical type each belongs to
_TYPES = {
    r"text": "string",
    r"(varchar|char)\(\d+\)": "string",
    r"smallint|integer|bigint": "integer",
    r"numeric(\(\d+(, ?\d+)?\))?|double precision|real": "number",
    r"date": "date",
    r"timestamp": "timestamp",
    r"boolean": "boolean",
}
#: nothing in this business is older, and what is later is a placeholder, not a date
EARLIEST, LATEST = "1980-01-01", "2099-12-31"
_PII = ("none", "internal", "personal", "sensitive")
_TIMINGS = ("any", "until_period_end", "in_period")
_ENCODINGS = ("utf-8", "gb18030")
_DATE_ORDERS = ("ymd", "mdy", "dmy")
_FEED_PROPERTIES = (
    "nameZh", "descriptionZh", "period", "covers", "cadence", "dueDay", "dueTime", "owner",
    "tolerance", "controlTotals", "requirements", "delimiter", "encoding", "dateOrder",
    "validUntil", "mayRepeat",
)  # fmt: skip
_SOURCES = ("postgresql", "mysql", "oracle")
_SOURCE_PROPERTIES = ("table", "query", "cursor", "cursorFormat", "from")
_COLUMN_PROPERTIES = (
    "nameZh", "descriptionZh", "aliases", "piiClass", "min", "max", "allowed", "timing",
    "requirements", "whenUnknown",
)  # fmt: skip


def all_feeds(settings: Settings) -> dict[str, Feed]:
    """Every feed of this installation by name, in the order of the names."""
    feeds = read_contracts(settings.contracts_dir)
    off = switched_off(settings, feeds)
    return {n: replace(f, enabled=False) if n in off else f for n, f in feeds.items()}


def feed_named(settings: Settings, name: str) -> Feed:
    """The feed called ``name``.

    Raises:
        TelmartError: there is none; names the closest one.
    """
    feeds = all_feeds(settings)
    if name not in feeds:
        close = difflib.get_close_matches(name, list(feeds), n=1, cutoff=0.4)
        hint = f"Did you mean {close[0]}? " if close else ""
        raise TelmartError(
            f"There is no feed {name!r}.", f"{hint}`telmart feeds` lists them; a feed is a"
            f" contract in {settings.contracts_dir}.",
        )  # fmt: skip
    return feeds[name]


def read_contracts(folder: Path) -> dict[str, Feed]:
    """Every contract ``<folder>/<system>/<entity>.yaml``, by feed name, with its earlier versions
    ``<entity>@<version>.yaml``.
    """
    feeds: dict[str, Feed] = {}
    versions: dict[str, list[Feed]] = {}
    for path in sorted([*folder.glob("*/*.yaml"), *folder.glob("*/*.yml")]):
        feed = read_contract(path)
        if is_earlier(path):
            versions.setdefault(feed.name, []).append(feed)
            continue
        if feed.name in feeds:
            fail(path, "id", f"{feed.name!r} is also in {feeds[feed.name].path}", "Rename one.")
        feeds[feed.name] = feed
    if not feeds:
        raise TelmartError(
            f"There are no contracts in {folder}.",
            "Put one file per feed there: <system>/<feed>.yaml; see docs/loading.md.",
        )
    for name, earlier in versions.items():
        if name not in feeds:
            fail(earlier[0].path, "id", f"{name!r} has no contract of today",
                  f"An earlier version lies beside {earlier[0].entity}.yaml.")  # fmt: skip
        feeds[name] = with_earlier(feeds[name], earlier)
    for feed in feeds.values():
        _refuse_dangling(feed, feeds)
    return dict(sorted(feeds.items()))


def _refuse_dangling(feed: Feed, feeds: dict[str, Feed]) -> None:
    """References to a column that its feed lacks; a feed the operator has no contract for may
    be named, for contracts are copied one by one.
    """
    for column in feed.columns:
        if column.references is None:
            continue
        name, key = column.references
        if name in feeds and key not in {c.name for c in feeds[name].columns}:
            fail(feed.path, f"schema.properties.{column.name}.relationships",
                  f"leads to {name}.{key}, and {name} has no such column",
                  "Correct it, or remove the relationship.")  # fmt: skip


def read_contract(path: Path) -> Feed:
    """Read one contract; again only when the file has changed, for a refresh asks per load.

    Raises:
        TelmartError: not YAML, not a contract of the standard, or something telmart cannot load.
    """
    state = path.stat()
    return _read_contract(path, state.st_mtime_ns, state.st_size)


@lru_cache(maxsize=512)
def _read_contract(path: Path, _mtime_ns: int, _size: int) -> Feed:
    contract = _parse(path)
    system, entity = path.parent.name, path.stem.partition(MARK)[0]
    name = f"{system}.{entity}"
    if contract.id != name:
        fail(path, "id", f"is {contract.id!r}", f"The folder and file say {name!r}.")
    if not re.fullmatch(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*", name) or len(name) > 40:
        fail(path, "id", f"{name!r} is not a feed name",
              "Use lower-case letters, digits and _, at most 40 characters.")  # fmt: skip
    schemas = contract.schema_ or []
    if len(schemas) != 1:
        fail(path, "schema", f"has {len(schemas)} objects", "A feed has exactly one.")
    own = Custom(path, "", contract.customProperties, _FEED_PROPERTIES)
    columns = tuple(_column(path, p) for p in schemas[0].properties or [])
    if not columns:
        fail(path, "schema.properties", "is empty", "List the columns.")
    names = [c.name for c in columns]
    for twice in {n for n in names if names.count(n) > 1}:
        fail(path, f"schema.properties.{twice}", "appears twice", "Remove one.")
    if not any(c.is_key for c in columns):
        fail(path, "schema.properties", "has no key", "Mark the key with primaryKey: true.")
    _refuse_shared_headers(path, columns)
    totals = tuple(own.texts("controlTotals"))
    for total in totals:
        if total not in names or not columns[names.index(total)].is_numeric:
            fail(path, "controlTotals", f"{total!r} is not a numeric column of the feed",
                  "Name numeric columns.")  # fmt: skip
    valid_until = own.text("validUntil", "") or None
    if valid_until and not is_earlier(path):
        fail(path, "validUntil", f"is {valid_until}, but this is the contract of today",
              f"Only an earlier version ends: {entity}{MARK}{contract.version}.yaml.")  # fmt: skip
    kind = own.choice("period", ("month", "day", "full"), None)
    description = contract.description.purpose if contract.description else None
    active = (contract.status or "active") in {"active", "deprecated"}
    return Feed(
        name=name, system=system, entity=entity, table=f"{system}__{entity}", columns=columns,
        period_kind=kind,  # type: ignore[arg-type]
        covers=_covers(path, own.text("covers", "")), cadence=own.text("cadence", kind),
        due_day=own.integer("dueDay"), due_time=own.time("dueTime", "23:59"),
        owner=own.text("owner", ""),
        tolerance=own.share("tolerance", 0.02), control_totals=totals,
        requirements=own.requirements(),
        version=contract.version or fail(path, "version", "is missing", "Write e.g. 1.0.0."),
        enabled=active, status_off=not active,
        description=description or "", description_zh=own.text("descriptionZh", ""),
        name_zh=own.text("nameZh", name), grain=schemas[0].dataGranularityDescription or "",
        delimiter=_delimiter(path, own.text("delimiter", "")),
        encoding=own.choice("encoding", _ENCODINGS, "") or None,
        date_order=own.choice("dateOrder", _DATE_ORDERS, "ymd"),
        source=_source(path, entity, kind, contract.servers or []), path=path,
        may_repeat=own.flag("mayRepeat"), valid_until=valid_until,
    )  # fmt: skip


def _parse(path: Path) -> Any:
    import yaml  # noqa: PLC0415 - with the library below, 0.3 s that `--help` need not pay
    from open_data_contract_standard.model import OpenDataContractStandard  # noqa: PLC0415
    from pydantic import ValidationError  # noqa: PLC0415

    # the library's own from_file parses in Python, ten times slower: 4 s for the standard feeds
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        said = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)  # noqa: S506
        return OpenDataContractStandard(**said)
    except yaml.YAMLError as error:
        raise TelmartError(f"{path} is not YAML: {error}", "Correct the file.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise TelmartError(
            f"{path}: {place}: {first['msg']}.",
            "Correct it; the fields are those of the Open Data Contract Standard v3.1.",
        ) from error
    except TypeError as error:  # an empty file or a list
        raise TelmartError(f"{path} is not a data contract.", "See docs/loading.md.") from error


def _column(path: Path, prop: Any) -> Column:
    name = prop.name or ""
    place = f"schema.properties.{name or '?'}"
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,58}", name):
        fail(path, f"{place}.name", f"{name!r} is not a column name",
              "Use lower-case letters, digits and _; other headers go into `aliases`.")  # fmt: skip
    sql_type = (prop.physicalType or "").lower().strip()
    logical = next((t for form, t in _TYPES.items() if re.fullmatch(form, sql_type)), "")
    if not logical:
        fail(path, f"{place}.physicalType", f"{prop.physicalType!r} is not a type telmart loads",
              "Use text, integer, bigint, numeric(p,s), date, timestamp or boolean.")  # fmt: skip
    if prop.logicalType != logical:
        fail(path, f"{place}.logicalType", f"is {prop.logicalType!r}",
              f"{sql_type} is a {logical}.")  # fmt: skip
    own = Custom(path, f"{place}.", prop.customProperties, _COLUMN_PROPERTIES)
    temporal = logical in {"date", "timestamp"}
    timing = own.choice("timing", _TIMINGS, "any")
    if timing != "any" and not temporal:
        fail(path, f"{place}.timing", f"does not fit type {sql_type}", "It is for dates.")
    allowed, when_unknown = tuple(own.texts("allowed")), own.text("whenUnknown", "").strip()
    if when_unknown and not allowed:
        fail(path, f"{place}.whenUnknown", "stands without `allowed`", "List the values it knows.")
    low, high = own.bound("min", logical), own.bound("max", logical)
    if temporal:
        low, high = low or EARLIEST, high or LATEST
    is_key = bool(prop.primaryKey)
    return Column(
        name=name, sql_type=sql_type, logical_type=logical, is_key=is_key,
        required=is_key or bool(prop.required), description=prop.description or "",
        name_zh=own.text("nameZh", name), description_zh=own.text("descriptionZh", ""),
        aliases=tuple(own.texts("aliases")), pii=own.choice("piiClass", _PII, "none"),
        min=low, max=high, allowed=allowed,
        timing=timing,  # type: ignore[arg-type]
        references=_references(path, place, prop.relationships or []),
        requirements=own.requirements(), when_unknown=when_unknown,
    )  # fmt: skip


def _references(path: Path, place: str, items: Any) -> tuple[str, str] | None:
    """The feed and column that a property's one foreign key leads to."""
    if not items:
        return None
    to = items[0].to
    found = re.fullmatch(
        r"(?P<file>[^#]+)#schema/(?P<entity>[a-z0-9_]+)/properties/(?P<column>\w+)", str(to)
    )
    if len(items) > 1 or items[0].type not in {None, "foreignKey"} or not found:
        return fail(path, f"{place}.relationships", f"is {to!r}", "Write one foreign key, such as"
              ' "../hr/staff.yaml#schema/staff/properties/staff_id".')  # fmt: skip
    target = (path.parent / found["file"]).resolve()
    if target.stem != found["entity"]:
        fail(path, f"{place}.relationships", f"is {to!r}",
              f"The object in {target.name} is called {target.stem}.")  # fmt: skip
    return f"{target.parent.name}.{target.stem}", found["column"]


def _covers(path: Path, text: str) -> tuple[str, str] | None:
    if not text:
        return None
    first, separator, last = text.partition("..")
    try:
        if separator and month_start(first) <= month_start(last):
            return first, last
    except ValueError:
        pass
    return fail(path, "covers", f"is {text!r}", "Write two months: 2014-06..2014-09.")


def _source(path: Path, entity: str, period: str, servers: list[Any]) -> Source | None:
    """The one server of the contract that telmart can pull from, if it names any."""
    if not servers:
        return None
    if len(servers) > 1:
        fail(path, "servers", f"has {len(servers)} entries", "A feed comes from one.")
    server = servers[0]
    name = server.server or ""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        fail(path, "servers.server", f"is {name!r}",
              "Name the connection in lower-case letters, digits and _.")  # fmt: skip
    kind = "mysql" if server.type == "mariadb" else server.type
    if kind not in _SOURCES:
        fail(path, "servers.type", f"is {server.type!r}", f"Use one of {', '.join(_SOURCES)}.")
    own = Custom(path, "servers.", server.customProperties, _SOURCE_PROPERTIES)
    table, query, cursor = own.text("table", ""), own.text("query", ""), own.text("cursor", "")
    if table and query:
        fail(path, "servers.query", "stands beside `table`", "Give one of the two.")
    if period != "full" and not cursor:
        fail(path, "servers.cursor", "is missing",
              "Name the column that says in which period a row belongs.")  # fmt: skip
    start = own.text("from", "")
    form = {"month": r"\d{4}-\d{2}", "day": r"\d{4}-\d{2}-\d{2}"}.get(period, "")
    if start and not re.fullmatch(form, start):
        fail(path, "servers.from", f"is {start!r}", f"Write a period, by {period}.")
    return Source(
        name=name, kind=kind,  # type: ignore[arg-type]
        schema=server.schema_, table=table or entity, query=query or None,
        cursor=cursor or None, cursor_format=own.text("cursorFormat", "") or None,
        start=start or None,
    )  # fmt: skip


def _delimiter(path: Path, text: str) -> str | None:
    words = {"comma": ",", "tab": "\t", "pipe": "|", "semicolon": ";", "\\t": "\t"}
    text = words.get(text, text)
    if text and text not in words.values():
        fail(path, "delimiter", f"is {text!r}", "Use comma, tab, pipe or semicolon.")
    return text or None


def _refuse_shared_headers(path: Path, columns: tuple[Column, ...]) -> None:
    """Two columns that accept the same header would make a file's meaning a matter of luck."""
    seen: dict[str, str] = {}
    for column in columns:
        for header in {
            h.strip().casefold() for h in (column.name, column.name_zh, *column.aliases)
        }:
            if header in seen:
                fail(path, f"schema.properties.{column.name}",
                      f"accepts the header {header!r}, as {seen[header]} does",
                      "Give each header to one column.")  # fmt: skip
            seen[header] = column.name
