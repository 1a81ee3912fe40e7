"""A landing area on an S3 and on an SFTP server: fetched once, whole or not at all, then loaded."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from typer import Typer
from typer.testing import CliRunner

from orchestration.cli import feeds
from orchestration.errors import TelmartError
from orchestration.installation.doctor import _landing
from orchestration.loader import LoadResult, load_period, pending, strays
from orchestration.loader.fetching import Fetched, cache_folder, fetch
from orchestration.refresh.watch import look
from orchestration.settings import Settings
from tests.loader.remote_servers import BUCKET, PASSWORD, S3Store, Store, s3_store, sftp_store
from tests.loader.support import FEED, PERIOD, Warehouse, row, rows, text

FOLDER = f"boss/recharge/{PERIOD}"


@dataclass
class Far:
    """A warehouse whose landing area is remote."""

    warehouse: Warehouse
    store: Store

    @property
    def settings(self) -> Settings:
        return self.warehouse.settings

    def put(self, name: str, content: str | bytes, period: str = PERIOD) -> None:
        data = content if isinstance(content, bytes) else content.encode()
        self.store.put(f"boss/recharge/{period}/{name}", data)

    def fetch(self) -> Fetched:
        return fetch(self.settings)

    def load(self) -> list[LoadResult]:
        """Everything that is pending, as a refresh does."""
        return [
            load_period(self.settings, a.feed, a.period, list(a.files))
            for a in pending(self.settings)
        ]

    def at(self, address: str) -> Settings:
        return replace(self.settings, landing=address)


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Store]:
    with s3_store() as store:
        yield store


@pytest.fixture(params=["s3", "sftp"])
def far(
    request: pytest.FixtureRequest,
    warehouse: Warehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Far]:
    """An empty remote landing area and an empty warehouse."""

    def made(store: Store) -> Far:
        for name, value in store.variables.items():
            monkeypatch.setenv(name, value)
        settings = replace(warehouse.settings, landing=store.address)
        return Far(replace(warehouse, settings=settings), store)

    if request.param == "sftp":
        with sftp_store(tmp_path) as store:
            yield made(store)
        return
    bucket: S3Store = request.getfixturevalue("s3")
    for item in bucket.client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
        bucket.client.delete_object(Bucket=BUCKET, Key=item["Key"])
    far = made(bucket)
    yield far
    bucket.relay.mend()
    import shutil

    shutil.rmtree(cache_folder(far.settings), ignore_errors=True)


def manifest(content: bytes, name: str, **more: Any) -> str:
    digest = hashlib.sha256(content).hexdigest()
    return json.dumps({"files": [{"name": name, "sha256": digest}], **more})


def test_fetched_and_loaded_once(far: Far) -> None:
    data = text(rows(300)).encode()
    far.put("r.csv", data)
    far.put("manifest.json", manifest(data, "r.csv", row_count=300))
    far.put("next.csv", text([row(1, recharged_at="2026-11-02 08:00:00")]), period="2026-11")
    assert pending(far.settings) == [], "nothing is loaded from afar"
    done = far.fetch()
    assert (done.periods, done.files) == ([f"{FEED} {PERIOD}", f"{FEED} 2026-11"], 3)
    assert [(r.state, r.rows_loaded) for r in far.load()] == [("loaded", 300), ("loaded", 1)]
    assert not any(f["by_hand"] for (f,) in far.warehouse.query(
        "select jsonb_array_elements(files) from ops.load"))  # fmt: skip
    again = far.fetch()
    assert (again.periods, again.files) == ([], 0)
    assert far.load() == []


def test_only_what_changed_is_fetched_again(far: Far) -> None:
    far.put("a.csv", text(rows(5)))
    far.put("b.csv", text(rows(5, first=6)))
    far.fetch()
    far.load()
    # of the same size, within the same second: what a listing's size and time do not show
    far.put("b.csv", text([*rows(4, first=6), row(11)]).replace("R0000011", "R0000099"))
    done = far.fetch()
    assert (done.periods, done.files) == ([f"{FEED} {PERIOD}"], 1)
    assert [(r.state, r.rows_loaded) for r in far.load()] == [("loaded", 10)]
    found = far.warehouse.query(
        "select recharge_id from raw.boss__recharge order by 1 desc limit 1"
    )
    assert found == [("R0000099",)]


def test_the_sensor_sees_what_lies_there_and_tries_again_in_an_hour(far: Far) -> None:
    far.put("r.csv", text(rows(3)))
    now = datetime(2026, 11, 20, 12, 5).timestamp()
    seen = look(far.settings, now)
    assert seen.key and f"{FEED} {PERIOD}" in seen.said
    assert look(far.settings, now + 60).key == seen.key, "one arrival starts one run"
    assert look(far.settings, now + 3600).key != seen.key
    far.fetch()
    far.load()
    assert look(far.settings, now).key == ""


def test_the_copy_may_be_deleted(far: Far) -> None:
    import shutil

    far.put("a.csv", text(rows(5)))
    far.fetch()
    far.load()
    shutil.rmtree(cache_folder(far.settings))
    assert far.fetch().files == 1
    assert far.load() == [], "the same version has the same size and time"


def test_what_is_taken_away_there_goes_here(far: Far) -> None:
    far.put("a.csv", text(rows(5)))
    far.put("b.csv", text([row(1, recharged_at="2026-11-02 08:00:00")]), period="2026-11")
    far.fetch()
    far.store.remove("boss/recharge/2026-11/b.csv")
    far.fetch()
    assert [a.period for a in pending(far.settings)] == [PERIOD]


def test_a_line_that_breaks_in_the_middle_of_a_file(far: Far) -> None:
    far.put("a.csv", text(rows(20)))
    far.fetch()
    far.load()
    big = text(rows(20_000)).encode()
    far.put("a.csv", big)
    far.put("b.csv", text([row(1, recharged_at="2026-11-02 08:00:00")]), period="2026-11")
    far.store.relay.cut(after=600_000)
    with pytest.raises(TelmartError) as caught:
        far.fetch()
    assert "secret" not in str(caught.value) and "s3cr3t" not in str(caught.value)
    assert caught.value.remedy
    assert far.load() == [], "neither the half file nor a mix of old and new"
    far.store.relay.mend()
    assert far.fetch().files == 2
    assert [(r.state, r.rows_loaded) for r in far.load()] == [("loaded", 20_000), ("loaded", 1)]


def test_a_file_that_is_still_being_written(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    far.put("a.csv", text(rows(5)))
    from orchestration.loader.remote import Remote

    ask = Remote.again

    def written_meanwhile(remote: Remote, file: Any) -> Any:
        far.put("a.csv", text(rows(9)))
        return ask(remote, file)

    with monkeypatch.context() as patch:
        patch.setattr(Remote, "again", written_meanwhile)
        done = far.fetch()
    assert done.periods == []
    assert done.unsettled == [f"{FEED} {PERIOD}: a.csv is still being written"]
    assert far.load() == []
    assert far.fetch().periods == [f"{FEED} {PERIOD}"]
    assert [r.rows_loaded for r in far.load()] == [9]


def test_a_manifest_that_does_not_agree_refuses_the_load(far: Far) -> None:
    far.put("a.csv", text(rows(5)))
    far.put("manifest.json", manifest(b"something else", "a.csv"))
    far.fetch()
    (result,) = far.load()
    assert result.state == "rejected" and "SHA-256" in result.error


def test_what_no_feed_reads_is_named_and_not_fetched(far: Far) -> None:
    far.store.put("boss/rechargee/2026-10/a.csv", b"x")
    far.put("a.csv", b"x", period="October")
    far.put("a.csv.part", b"x")
    assert far.fetch().files == 0
    first, second = sorted(strays(far.settings))
    assert "boss/recharge/October: 'October' is not a period" in first
    assert "boss/rechargee: there is no feed boss.rechargee" in second


def test_feeds_and_doctor_say_how_it_stands(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    far.put("a.csv", text(rows(5)))
    monkeypatch.setattr(feeds, "settings", lambda: far.settings)
    app = Typer()
    feeds.register(app)
    said = CliRunner().invoke(app, ["feeds"]).output
    assert f"Not fetched yet: {FEED} {PERIOD}" in said
    (finding,) = _landing(far.settings)
    assert finding.level == "ok" and "1 periods to fetch" in finding.text
    far.fetch()
    assert "Not fetched yet" not in CliRunner().invoke(app, ["feeds"]).output
    far.store.relay.cut(after=0)
    (finding,) = _landing(far.settings)
    assert finding.level == "bad" and finding.remedy


def test_a_place_that_is_not_there(far: Far) -> None:
    wrong = far.store.address.replace(BUCKET, "nobucket").replace("/landing", "/nowhere")
    with pytest.raises(TelmartError, match="is not there") as caught:
        fetch(far.at(wrong))
    assert "must exist" in caught.value.remedy


def test_no_server(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    far.store.relay.__exit__()
    if isinstance(far.store, S3Store):
        monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        address = far.store.address
    else:
        address = "sftp://telmart@127.0.0.1:1/landing"
    with pytest.raises(TelmartError, match="does not answer"):
        fetch(far.at(address))


@pytest.mark.parametrize("far", ["sftp"], indirect=True)
def test_wrong_password(far: Far, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TELMART_LANDING_PASSWORD", "not-this-one")
    with pytest.raises(TelmartError, match="refuses access") as caught:
        far.fetch()
    assert "not-this-one" not in str(caught.value)


@pytest.mark.parametrize("far", ["sftp"], indirect=True)
def test_a_host_whose_key_is_another(
    far: Far, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "none").write_text("")
    monkeypatch.setenv("TELMART_LANDING_KNOWN_HOSTS", str(tmp_path / "none"))
    with pytest.raises(TelmartError, match="is not known") as caught:
        far.fetch()
    assert "known_hosts" in caught.value.remedy


@pytest.mark.parametrize("far", ["s3"], indirect=True)
def test_no_credentials(far: Far, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    far.put("a.csv", text(rows(5)))
    with pytest.raises(TelmartError, match="refuses access") as caught:
        far.fetch()
    assert "AWS_ACCESS_KEY_ID" in caught.value.remedy


def test_a_password_in_the_address_is_refused(warehouse: Warehouse) -> None:
    here = replace(warehouse.settings, landing=f"sftp://telmart:{PASSWORD}@host/landing")
    with pytest.raises(TelmartError, match="holds a password") as caught:
        fetch(here)
    assert PASSWORD not in str(caught.value)


def test_a_library_that_is_not_installed(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "sshfs", None)
    here = replace(warehouse.settings, landing="sftp://telmart@127.0.0.1/landing")
    with pytest.raises(TelmartError, match=r"library that is not installed") as caught:
        fetch(here)
    assert "telmart[sftp]" in caught.value.remedy
