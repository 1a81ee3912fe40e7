"""Earlier versions of a contract: which holds when, and what a wrong one is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.contracts import read_contracts
from orchestration.contracts.derive import STANDARD_CONTRACTS
from orchestration.contracts.pages import feed_page
from orchestration.errors import TelmartError

pytestmark = pytest.mark.fast

FEED = "boss.recharge"
CONTRACT = (STANDARD_CONTRACTS / "boss/recharge.yaml").read_text(encoding="utf-8")


def contract(version: str, until: str | None = None, *changes: tuple[str, str]) -> str:
    content = CONTRACT.replace("version: 1.0.0", f"version: {version}", 1)
    if until is not None:
        mark = "customProperties:\n"
        content = content.replace(
            mark, f'{mark}  - {{property: validUntil, value: "{until}"}}\n', 1
        )
    for old, new in changes:
        assert old in content
        content = content.replace(old, new)
    return content


def write(folder: Path, files: dict[str, str]) -> Path:
    for name, content in files.items():
        path = folder / "boss" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return folder


def test_each_period_has_its_version(tmp_path: Path) -> None:
    write(tmp_path, {
        "recharge@1.9.0.yaml": contract("1.9.0", "2025-12"),
        "recharge@1.10.0.yaml": contract("1.10.0", "2026-03"),
        "recharge.yaml": contract("2.0.0"),
    })  # fmt: skip
    feeds = read_contracts(tmp_path)
    assert list(feeds) == [FEED]
    feed = feeds[FEED]
    got = {p: feed.for_period(p).version for p in ("2014-01", "2025-12", "2026-01", "2026-03")}
    assert got == {"2014-01": "1.9.0", "2025-12": "1.9.0", "2026-01": "1.10.0", "2026-03": "1.10.0"}
    assert feed.for_period("2026-04") is feed
    assert [v["version"] for v in json.loads(json.dumps(feed.as_dict()))["earlier"]] == [
        "1.9.0", "1.10.0",
    ]  # fmt: skip
    assert "| 2.0.0; 1.10.0 until 2026-03; 1.9.0 until 2025-12 |" in feed_page(feed, feeds)


def test_a_feed_that_is_off_is_off_in_every_version(tmp_path: Path) -> None:
    write(tmp_path, {
        "recharge@1.0.0.yaml": contract("1.0.0", "2025-12"),
        "recharge.yaml": contract("1.1.0", None, ("status: active", "status: draft")),
    })  # fmt: skip
    old = read_contracts(tmp_path)[FEED].for_period("2025-12")
    assert (old.version, old.enabled, old.status_off) == ("1.0.0", False, True)


MONTHLY = "period, value: month"
TODAY = {"recharge.yaml": contract("2.0.0")}


@pytest.mark.parametrize(
    ("files", "message", "remedy"),
    [
        ({**TODAY, "recharge@1.0.0.yaml": contract("1.0.0")},
         "boss/recharge@1.0.0.yaml: validUntil is missing", "for which period it held last"),
        ({**TODAY, "recharge@1.0.0.yaml": contract("1.0.0", "2025-13")},
         "recharge@1.0.0.yaml: validUntil is '2025-13'", "Write it like 2026-10"),
        ({**TODAY, "recharge@1.0.0.yaml": contract("1.0.0", "2025-12-31")},
         "recharge@1.0.0.yaml: validUntil is '2025-12-31'", "Write it like 2026-10"),
        ({**TODAY, "recharge@1.0.0.yaml": contract("1.0.0", "2025-12"),
          "recharge@1.1.0.yaml": contract("1.1.0", "2025-12")},
         "recharge@1.0.0.yaml: validUntil is 2025-12, as in recharge@1.1.0.yaml", "its own last"),
        ({**TODAY, "recharge@1.1.0.yaml": contract("1.1.0", "2025-06"),
          "recharge@1.0.0.yaml": contract("1.0.0", "2025-12")},
         "recharge@1.1.0.yaml: version 1.1.0 is not older than 1.0.0 of recharge@1.0.0.yaml, which"
         " holds later (until 2025-12)", "Correct the version or validUntil"),
        ({**TODAY, "recharge@2.0.0.yaml": contract("2.0.0", "2025-12")},
         "version 2.0.0 is not older than 2.0.0 of recharge.yaml", "Correct the version"),
        ({**TODAY, "recharge@1.0.yaml": contract("1.0.0", "2025-12")},
         "recharge@1.0.yaml: version is 1.0.0, but the file is called recharge@1.0.yaml",
         "Call it recharge@1.0.0.yaml"),
        ({"recharge@1.0.0.yaml": contract("1.0.0", "2025-12"),
          "payment.yaml": contract("1.0.0", None, ("id: boss.recharge", "id: boss.payment"))},
         "recharge@1.0.0.yaml: id 'boss.recharge' has no contract of today", "recharge.yaml"),
        ({**TODAY, "recharge@1.0.0.yaml": contract("1.0.0", "2025-12",
                                                    ("id: boss.recharge", "id: boss.x"))},
         "recharge@1.0.0.yaml: id is 'boss.x'", "'boss.recharge'"),
        ({"recharge.yaml": contract("2.0.0", "2025-12")},
         "recharge.yaml: validUntil is 2025-12, but this is the contract of today",
         "recharge@2.0.0.yaml"),
        ({**TODAY, "recharge@1.0.0.yaml": contract("1.0.0", "2025-12",
                                                    (MONTHLY, "period, value: day"))},
         "recharge@1.0.0.yaml: period is day, in recharge.yaml it is month", "another feed"),
        ({"recharge.yaml": contract("2.0.0", None, (MONTHLY, "period, value: full")),
          "recharge@1.0.0.yaml": contract("1.0.0", "full",
                                          (MONTHLY, "period, value: full"))},
         "recharge@1.0.0.yaml: period is full", "Remove recharge@1.0.0.yaml"),
        ({**TODAY, "recharge@1.0.0.yaml": contract("1.0.0", "2025-12",
                                                    ("numeric(18,2)", "numeric(20,4)"))},
         "recharge@1.0.0.yaml: schema.properties.recharge_amt.physicalType is numeric(20,4), which"
         " recharge.yaml makes numeric(18,2)", "Give the newer column another name"),
    ],
)  # fmt: skip
def test_a_wrong_version_says_where_and_what(
    tmp_path: Path, files: dict[str, str], message: str, remedy: str
) -> None:
    write(tmp_path, files)
    with pytest.raises(TelmartError) as caught:
        read_contracts(tmp_path)
    assert message in caught.value.message
    assert remedy in caught.value.remedy
