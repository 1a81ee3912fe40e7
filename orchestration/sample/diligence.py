"""How diligent each account manager is; whatever they do or leave undone follows from it."""

from __future__ import annotations

import numpy as np

from orchestration.sample.operator import Operator


def diligence(operator: Operator) -> np.ndarray:
    """Between 0 (does nothing) and 1, by position of the account manager."""
    return operator.rng("diligence").beta(5, 2, len(operator.places.manager_ids))
