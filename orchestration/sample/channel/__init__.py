"""Where the operator sells: halls, dealers, openings, recharges, counters."""
