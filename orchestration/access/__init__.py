"""Who sees what: people and their scopes become database roles, grants and row policies.

The database decides. Everything here is repeatable: a second call finds its work done.
See docs/access.md for the reasoning and the limits.
"""

from orchestration.access.apply import ApplyResult, apply_people
from orchestration.access.audit import audit
from orchestration.access.people_files import People, read_people
from orchestration.access.scopes import expand_scopes
from orchestration.access.served import protect, require_protected

__all__ = [
    "ApplyResult",
    "People",
    "apply_people",
    "audit",
    "expand_scopes",
    "protect",
    "read_people",
    "require_protected",
]
