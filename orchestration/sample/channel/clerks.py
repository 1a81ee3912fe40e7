"""Clerks and self-service terminals of the outlets, by number."""

from __future__ import annotations

import numpy as np
import polars as pl

from orchestration.sample.channel.outlets import Outlets

#: clerks on the roster by kind of outlet, and self-service terminals by kind of hall
CLERKS = np.array([11, 7, 4, 5, 2, 5, 2, 1, 1])
TERMINALS = np.array([5, 3, 2, 2, 6, 0])


def clerk_ids(outlet: np.ndarray, draw: np.ndarray, outlets: Outlets) -> pl.Series:
    """Number of one of the outlet's clerks for each draw (0..1); the first do the most."""
    clerk = (draw**1.5 * CLERKS[outlets.kind[outlet]]).astype(np.int64)
    return _number("H", outlet, clerk + 1)


def terminals_of(outlets: Outlets) -> tuple[np.ndarray, np.ndarray]:
    """Outlet and number (from 1) of every terminal, in order."""
    kind = outlets.kind[: outlets.halls]
    count = TERMINALS[kind]
    outlet = np.repeat(np.arange(outlets.halls), count)
    number = np.arange(len(outlet)) - np.repeat(np.cumsum(count) - count, count) + 1
    return outlet, number


def terminal_ids(outlet: np.ndarray, number: np.ndarray) -> pl.Series:
    return _number("V", outlet, number)


def _number(stem: str, outlet: np.ndarray, number: np.ndarray) -> pl.Series:
    whole = pl.Series(outlet + 1).cast(pl.String).str.zfill(6)
    part = pl.Series(number).cast(pl.String).str.zfill(2)
    return stem + whole + part
