"""The files: the same bytes for a seed, as the contracts say, and never over somebody else's."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from orchestration.errors import TelmartError
from orchestration.sample import FAULTS, SampleOptions, generate, plant
from tests.metrics.extract_files import (
    FEEDS,
    FULL_FEEDS,
    contract,
    properties,
    read_feed,
    read_file,
)
from tests.sample.checks import manifests_tell_the_truth

pytestmark = pytest.mark.fast
SMALL = SampleOptions(subscribers=400, months=7)
PERIODS = [f"2025-{m:02d}" for m in range(5, 13)] + [f"2026-{m:02d}" for m in range(1, 11)]


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    """A small sample: landing area and truth file."""
    landing, truth = tmp_path / "landing", tmp_path / "truth.json"
    generate(landing, truth, SMALL)
    return landing, truth


def test_two_runs_write_the_same_bytes(sample, tmp_path):
    again, truth = tmp_path / "landing", tmp_path / "truth.json"
    generate(again, truth, SampleOptions())
    assert bytes_of(again) == bytes_of(sample.landing)
    assert truth.read_bytes() == sample.truth_file.read_bytes()


def test_another_seed_writes_another_operator(small, tmp_path):
    other = tmp_path / "other"
    generate(other, tmp_path / "t.json", SampleOptions(seed=7, subscribers=400, months=7))
    bill = "boss/subscriber_bill/2026-10/boss_subscriber_bill_202610.csv.gz"
    assert bytes_of(other)[bill] != bytes_of(small[0])[bill]


def test_every_feed_has_every_month_and_exactly_the_contract_columns(sample):
    for feed in FEEDS:
        folder = sample.landing.joinpath(*feed.split("."))
        comes = ["full"] if feed in FULL_FEEDS else PERIODS
        assert sorted(p.name for p in folder.iterdir()) == comes
        assert properties(feed)["period"] == ("full" if feed in FULL_FEEDS else "month")
        names = [c["name"] for c in contract(feed)]
        for month in folder.iterdir():
            for path in month.iterdir():
                if path.name != "manifest.json":
                    headers = read_file(path).columns
                    chinese = [c["nameZh"] for c in contract(feed)]
                    assert headers in (names, chinese), path


def test_manifests_tell_rows_totals_and_checksums(sample):
    for feed in FEEDS:
        manifests_tell_the_truth(sample, feed)


def test_shapes_that_prove_the_loader_are_there(sample):
    boss, crm, hr = (sample.landing / s for s in ("boss", "crm", "hr"))
    assert next((boss / "product/2025-05").glob("*.parquet"))
    assert next((boss / "recharge/2025-11").glob("*.csv.zst"))
    assert next((boss / "status_event/2026-03").glob("*.csv")).read_text().count("|") > 10
    assert len(list((boss / "subscriber_usage/2026-02").glob("*.csv.gz"))) == 2
    text = gzip.decompress(next((crm / "subscriber/2025-09").glob("*.gz")).read_bytes())
    assert "\t" in text.decode("gb18030")
    with pytest.raises(UnicodeDecodeError):
        text.decode("utf-8")
    bill = gzip.decompress(next((boss / "subscriber_bill/2026-01").glob("*.gz")).read_bytes())
    assert bill.decode().startswith("用户标识,")
    unit = gzip.decompress(next((hr / "org_unit/2025-06").glob("*.gz")).read_bytes())
    assert unit.startswith(b"\xef\xbb\xbf")


def test_a_second_run_does_nothing(small):
    landing, truth = small
    stamps = {p: p.stat().st_mtime_ns for p in landing.rglob("*")}
    assert generate(landing, truth, SMALL) is False
    assert generate(landing, truth, SMALL, force=True) is True
    assert {p: p.stat().st_mtime_ns for p in landing.rglob("*") if p.is_file()} == {
        p: t for p, t in stamps.items() if p.is_file()
    }


def test_an_interrupted_run_is_made_again(small):
    landing, truth = small

    class Killed(BaseException):
        pass

    def stop(done: int, _: int) -> None:
        if done == 3:
            raise Killed

    with pytest.raises(Killed):
        generate(landing, truth, SMALL, force=True, progress=stop)
    assert generate(landing, truth, SMALL) is True
    assert generate(landing, truth, SMALL) is False


def test_other_extracts_are_never_written_over(tmp_path):
    mine = tmp_path / "landing/boss/recharge/2026-10/mine.csv"
    mine.parent.mkdir(parents=True)
    mine.write_text("recharge_id\n")
    with pytest.raises(TelmartError, match=r"boss/recharge already holds extracts"):
        generate(tmp_path / "landing", tmp_path / "truth.json", SMALL)
    assert mine.read_text() == "recharge_id\n"


def test_another_sample_replaces_this_one_only_when_forced(small):
    landing, truth = small
    shorter = SampleOptions(subscribers=400, months=2)
    with pytest.raises(TelmartError, match=r"another sample \(seed 20260217, subscribers 400"):
        generate(landing, truth, shorter)
    generate(landing, truth, shorter, force=True)
    assert sorted(p.name for p in (landing / "hr/staff").iterdir()) == ["2026-09", "2026-10"]


@pytest.mark.parametrize("options", [SampleOptions(months=0), SampleOptions(subscribers=3)])
def test_sizes_that_make_no_sample_are_refused(tmp_path, options):
    with pytest.raises(TelmartError, match="cannot be made"):
        generate(tmp_path / "landing", tmp_path / "truth.json", options)


def test_faults_spoil_one_month_and_force_puts_it_right(small):
    landing, truth = small
    clean = bytes_of(landing)
    for name, fault in FAULTS.items():
        folder = plant(landing, truth, name)
        spoiled = {k for k, v in bytes_of(landing).items() if v != clean.get(k)}
        assert spoiled, name
        prefix = f"{fault.feed.replace('.', '/')}/2026-10/"
        assert all(k.startswith(prefix) for k in spoiled)
        assert json.loads(truth.read_text())["faults"][-1] == {
            "fault": name,
            "feed": fault.feed,
            "period": "2026-10",
        }
        assert folder == landing / prefix.rstrip("/")
        # whatever is spoiled, the manifest's checksum is that of the file
        manifest = json.loads((folder / "manifest.json").read_text())
        data = (folder / manifest["files"][0]["name"]).read_bytes()
        assert manifest["files"][0]["sha256"] == hashlib.sha256(data).hexdigest()
        generate(landing, truth, SMALL, force=True)
        assert bytes_of(landing) == clean


def test_each_fault_is_the_one_it_says(small):
    landing, _ = small

    def month(feed: str) -> pl.DataFrame:
        return read_feed(landing, feed).filter(pl.col("stat_month").dt.month() == 10)

    rows = month("boss.subscriber_usage").height
    plant(landing, None, "half_volume")
    assert month("boss.subscriber_usage").height == rows // 2
    totals = month("boss.subscriber_bill")["billed_amt"].sum()
    folder = plant(landing, None, "wrong_total")
    promised = json.loads((folder / "manifest.json").read_text())["control_totals"]["billed_amt"]
    assert int(promised.replace(".", "")) == totals + 100_000
    plant(landing, None, "null_key", share=0.05)
    share = month("boss.subscriber_bill")["subscriber_id"].is_null().mean()
    assert 0.04 < share < 0.06
    plant(landing, None, "future_date")
    assert month("crm.subscriber")["opened_on"].max().year == 2036


def test_faults_refuse_what_is_not_there(small, tmp_path):
    landing, truth = small
    with pytest.raises(TelmartError, match="no fault 'nonsense'"):
        plant(landing, truth, "nonsense")
    with pytest.raises(TelmartError, match="holds no month 2019-01"):
        plant(landing, truth, "null_key", "2019-01")
    with pytest.raises(TelmartError, match="another shape"):
        plant(_two_parts(tmp_path), None, "half_volume", "2026-02")


def _two_parts(tmp_path: Path) -> Path:
    """A sample in which 2026-02 of the usage came in two files."""
    landing = tmp_path / "long"
    generate(landing, tmp_path / "long.json", SampleOptions(subscribers=200, months=9))
    return landing


def test_the_command_says_what_it_did_and_refuses_nonsense(tmp_path, monkeypatch):
    import typer

    from orchestration.cli import sample as command

    monkeypatch.setenv("TELMART_HOME", str(tmp_path))
    monkeypatch.delenv("TELMART_LANDING", raising=False)
    app = typer.Typer()
    app.callback()(lambda: None)
    command.register(app)
    size = ["sample", "--subscribers", "300", "--months", "4"]
    run = CliRunner().invoke
    assert run(app, size).exit_code == 0
    assert (tmp_path / "sample_truth.json").is_file()
    assert run(app, [*size, "--faults", "null_key"]).exit_code == 0
    assert json.loads((tmp_path / "sample_truth.json").read_text())["faults"]
    assert run(app, [*size, "--faults", "nonsense"]).exit_code == 2
    assert run(app, [*size, "--month", "2026-10"]).exit_code == 2
    assert isinstance(run(app, ["sample", "--months", "3"]).exception, TelmartError)
    assert run(app, ["sample", "--to", str(tmp_path / "x"), *size[1:]]).exit_code == 0
    assert (tmp_path / "x_truth.json").is_file()
