"""The sample operator: all feeds of a fictional province, always the same for a seed.

``generate`` writes the extracts to a landing area and, beside it, a truth file that the warehouse
never reads: who leaves and why, who loses value, whose forwarding jumps. ``plant`` spoils one
feed-month on purpose (see ``faults``), ``spoil`` plants a fault of every kind (see ``dirt``).
"""

from orchestration.sample.dirt import KINDS, Planted, spoil
from orchestration.sample.faults import FAULTS, plant
from orchestration.sample.generate import generate
from orchestration.sample.scale import SCALES, SampleOptions

__all__ = [
    "FAULTS",
    "KINDS",
    "SCALES",
    "Planted",
    "SampleOptions",
    "generate",
    "plant",
    "spoil",
]
