"""Training, exams and certificates of account managers, and training of agents' clerks.

A certificate holds two years. Diligent managers sit the exam in the month before it runs out; the
others let it run out more often.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import polars as pl

from orchestration.sample.channel.outlets import EXCLUSIVE, outlet_id
from orchestration.sample.lists import rows
from orchestration.sample.operator import Tables
from orchestration.sample.population import day_number
from orchestration.sample.tables import days, labels, moments
from orchestration.sample.work.scene import Scene
from orchestration.sample.work.visits import NONE
from orchestration.sample.working_time import HOUR, optional

KINDS = ["basic", "professional", "expert"]
ISSUERS = ["city", "province", "hq"]
RESULTS = ["passed", "failed", "absent"]
PASSED, FAILED, ABSENT = range(3)
PROGRAMMES = ["induction", "certification", "quarterly_plan", "on_demand"]
NEEDS = ["appraisal", "personal", "supervisor", "new_product"]
DELIVERIES = ["class_room", "online", "coaching"]
#: days a certificate holds, and how long before the last month's end it is about to run out
VALID, SOON = 730, 90
PASS_SCORE = 60.0
FOREVER = 2**30


class Training:
    """The training centre's three lists."""

    feeds: ClassVar[tuple[str, ...]] = (
        "training.attendance",
        "training.exam",
        "training.certificate",
    )

    def __init__(self, scene: Scene) -> None:
        self.scene, self.operator, self.managers = scene, scene.operator, scene.managers
        self.courses = rows("courses")
        self.certificates: dict[str, list[int]] = {
            k: [] for k in ("staff", "kind", "issued", "expires", "exam", "renewed")
        }
        self.exams: dict[str, list[int]] = {
            k: [] for k in ("month", "staff", "kind", "second", "attempt", "score", "result", "old")
        }
        self._hold()
        for t in range(len(self.operator.span)):
            self._examine(t)

    def _hold(self) -> None:
        """Certificates from before the sample: the higher the grade, the more."""
        rng, m = self.operator.rng("certificates"), self.managers
        start = day_number(self.operator.span[0].first)
        levels = np.where(m.grade == 2, 1 + (rng.random(len(m.ids)) < 0.5), (m.grade + 1) // 2 + 0)
        levels = np.where(m.grade == 4, 3, levels)
        for staff, level in enumerate(levels):
            for kind in range(int(level)):
                issued = start - 1 - int(rng.integers(0, VALID - 1))
                self._issue(staff, kind, issued, NONE)

    def _issue(self, staff: int, kind: int, day: int, exam: int) -> None:
        values = (staff, kind, day, day + VALID, exam, FOREVER)
        for name, value in zip(self.certificates, values, strict=True):
            self.certificates[name].append(value)

    def _examine(self, t: int) -> None:
        """Renewals of what runs out next month, second attempts, and first certificates."""
        rng, month, m = self.operator.rng("exams", t), self.operator.span[t], self.managers
        workdays = self.scene.time.month(month)
        day = int(workdays[len(workdays) // 2])
        first, last = day_number(month.next.first), day_number(month.next.last)
        active = set(m.active(self.operator, t).tolist())
        wanted: list[tuple[int, int, int, int]] = []
        held = self.certificates
        for old, staff in enumerate(held["staff"]):
            runs_out = first <= held["expires"][old] <= last and held["renewed"][old] == FOREVER
            if runs_out and staff in active and rng.random() > 0.9 * (1 - m.diligence[staff]):
                wanted.append((staff, held["kind"][old], old, 1))
        names = ("month", "result", "staff", "kind", "old", "attempt")
        failed = zip(*(self.exams[k] for k in names), strict=True)
        wanted += [
            (staff, kind, old, attempt + 1)
            for when, result, staff, kind, old, attempt in failed
            if when == t - 1 and result != PASSED and attempt < 2 and staff in active
        ]
        have = set(zip(held["staff"], held["kind"], strict=True))
        for staff in sorted(active):
            kind = next((k for k in range(3) if (staff, k) not in have), None)
            within = kind is not None and kind <= (m.grade[staff] + 1) // 2
            busy = any(w[0] == staff for w in wanted)
            if within and not busy and rng.random() < 0.05 * (0.5 + m.diligence[staff]):
                wanted.append((staff, int(kind or 0), NONE, 1))
        for staff, kind, old, attempt in wanted:
            score = 74 + 8 * m.skill[staff] + 12 * (m.diligence[staff] - 0.6) - 4 * kind
            score = round(float(np.clip(score + 7 * rng.standard_normal(), 20, 100)) * 10)
            result = (
                ABSENT if rng.random() < 0.04 else FAILED if score < PASS_SCORE * 10 else PASSED
            )
            second = day * 86400 + (9 + 5 * int(kind == 1)) * HOUR
            values = (t, staff, kind, second, attempt, score, result, old)
            for name, value in zip(self.exams, values, strict=True):
                self.exams[name].append(value)
            if result == PASSED:
                issued = min(day + 7, day_number(month.last))
                self._issue(staff, kind, issued, len(self.exams["staff"]) - 1)
                if old != NONE:
                    held["renewed"][old] = issued

    def of_month(self, t: int) -> Tables:
        yield "training.attendance", self._attendance(t)
        yield "training.exam", self._exam_feed(t)
        yield "training.certificate", self._certificate_feed(t)

    def truth(self) -> dict[str, Any]:
        """``lapsed_certificates``: ran out within the sample and were not renewed.
        ``expiring_certificates``: valid at the end of the last month and to run out soon after.
        """
        held = {k: np.array(v) for k, v in self.certificates.items()}
        last = len(self.operator.span) - 1
        end = day_number(self.operator.span[-1].last)
        here = np.isin(held["staff"], self.managers.active(self.operator, last))
        open_end = here & (held["renewed"] == FOREVER)
        lapsed = open_end & (held["expires"] < end)
        soon = open_end & (held["expires"] >= end) & (held["expires"] <= end + SOON)
        return {
            "lapsed_certificates": [_certificate_id(i) for i in np.flatnonzero(lapsed)],
            "expiring_certificates": [_certificate_id(i) for i in np.flatnonzero(soon)],
        }

    def _exam_feed(self, t: int) -> pl.DataFrame:
        e = {k: np.array(v, dtype=np.int64) for k, v in self.exams.items()}
        at = np.flatnonzero(e["month"] == t)
        result, old = e["result"][at], e["old"][at]
        # of a certificate that has run out nothing is left to renew
        expires = np.array(self.certificates["expires"])[old]
        renews = (old != NONE) & (expires >= day_number(self.operator.span[t].first))
        stem = f"EX{self.operator.span[t].first:%Y%m}"
        return pl.DataFrame(
            {
                "exam_result_id": pl.Series([_exam_id(i) for i in at], dtype=pl.String),
                "staff_id": labels(self.managers.ids, e["staff"][at]),
                "exam_code": pl.Series([f"{stem}-{k + 1}" for k in e["kind"][at]], dtype=pl.String),
                "certificate_kind": labels(KINDS, e["kind"][at]),
                "taken_at": moments(e["second"][at]),
                "attempt_no": e["attempt"][at],
                "score": optional(pl.Series(e["score"][at] / 10), result != ABSENT),
                "pass_score": np.full(len(at), PASS_SCORE),
                "result": labels(RESULTS, result),
                "renews_certificate_id": optional(
                    pl.Series([_certificate_id(i) for i in old], dtype=pl.String), renews
                ),
            }
        )

    def _certificate_feed(self, t: int) -> pl.DataFrame:
        held = {k: np.array(v, dtype=np.int64) for k, v in self.certificates.items()}
        first = day_number(self.operator.span[t].first)
        last = day_number(self.operator.span[t].last)
        over = np.minimum(held["expires"] + 1, held["renewed"])
        here = np.isin(held["staff"], self.managers.active(self.operator, t))
        at = np.flatnonzero(here & (held["issued"] <= last) & (over >= first))
        state = np.select([held["renewed"][at] <= last, held["expires"][at] < last], [2, 1], 0)
        exam = held["exam"][at]
        return pl.DataFrame(
            {
                "certificate_id": pl.Series([_certificate_id(i) for i in at], dtype=pl.String),
                "staff_id": labels(self.managers.ids, held["staff"][at]),
                "certificate_kind": labels(KINDS, held["kind"][at]),
                "issued_on": days(held["issued"][at]),
                "expires_on": days(held["expires"][at]),
                "state": labels(["valid", "expired", "renewed"], state),
                "exam_result_id": optional(
                    pl.Series([_exam_id(i) for i in exam], dtype=pl.String), exam != NONE
                ),
                "issuer": labels(ISSUERS, held["kind"][at]),
            }
        )

    def _attendance(self, t: int) -> pl.DataFrame:
        rng, month, m = self.operator.rng("attendance", t), self.operator.span[t], self.managers
        workdays = self.scene.time.month(month)
        courses = rng.choice(len(self.courses), size=4, replace=False)
        active = m.active(self.operator, t)
        invited = np.flatnonzero(rng.random(4 * len(active)) < 0.45)
        course, staff = courses[invited // len(active)], active[invited % len(active)]
        outlets = self.scene.outlets
        shops = np.flatnonzero(
            (outlets.kind == EXCLUSIVE)
            & outlets.open_all(day_number(month.first), day_number(month.last))
        )
        shops = shops[rng.random(len(shops)) < 0.08]
        k, c = len(staff), len(shops)
        hours = np.array([float(x["hours"]) for x in self.courses])
        clerk_course = rng.choice(3, size=c)
        comes = np.concatenate(
            [rng.random(k) < 0.5 + 0.48 * m.diligence[staff], rng.random(c) < 0.8]
        )
        course = np.concatenate([course, clerk_course])
        score = 72 + 7 * np.concatenate([m.skill[staff], rng.standard_normal(c)])
        score = np.round((score + 7 * rng.standard_normal(k + c)).clip(20, 100), 1)
        planned = hours[course]
        leaves = np.where(rng.random(k + c) < 0.1, 0.5, 1.0)
        trainer = rng.choice(np.flatnonzero(m.grade == 4), size=k + c)
        inside = np.isin(trainer, active) & (rng.random(k + c) < 0.6)
        day = workdays[(course * 7 + t) % len(workdays)]
        stem = f"TA{month.first:%Y%m}"
        return pl.DataFrame(
            {
                "attendance_id": pl.Series(
                    [f"{stem}{i:05d}" for i in range(1, k + c + 1)], dtype=pl.String
                ),
                "course_code": labels([x["course_code"] for x in self.courses], course),
                "course_name": labels([x["course_name"] for x in self.courses], course),
                "course_kind": labels([x["course_kind"] for x in self.courses], course),
                "programme": labels(
                    [*PROGRAMMES, "clerk"],
                    np.concatenate([1 + course[:k] % 3, np.full(c, 4)]).astype(np.int64),
                ),
                "need_source": labels(NEEDS, rng.integers(0, 4, k + c)),
                "held_on": days(day),
                "staff_id": pl.Series([*(m.ids[i] for i in staff), *([None] * c)], dtype=pl.String),
                "outlet_id": pl.Series(
                    [*([None] * k), *(outlet_id(int(i)) for i in shops)], dtype=pl.String
                ),
                "trainer_staff_id": optional(labels(m.ids, trainer), inside),
                "delivery": labels(DELIVERIES, course % 3),
                "planned_hours": planned,
                "attended_hours": np.where(comes, planned * leaves, 0.0),
                "test_score": optional(pl.Series(score), comes),
                "course_rating": optional(
                    pl.Series(rng.choice([2, 3, 4, 5], size=k + c, p=[0.05, 0.2, 0.45, 0.3])), comes
                ),
                "cost_amt": np.where(comes, (planned * 45 * 100).astype(np.int64), 0),
            }
        )


def _certificate_id(position: int | np.integer[Any]) -> str:
    return f"CT{int(position) + 1:06d}"


def _exam_id(position: int | np.integer[Any]) -> str:
    return f"ER{int(position) + 1:06d}"
