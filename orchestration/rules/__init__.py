"""Rules as rows: what the rule tables are, whether they are sound, and what a change of them does.

The tables are ``seeds/reference/*.csv`` (an operator's own take their place), their types and
invariants the seeds' YAML in ``dbt_project/models``, which dbt reads too.
"""

from orchestration.rules.checking import Report, check, require_sound
from orchestration.rules.fault import Fault
from orchestration.rules.tables import RuleTable, rule_tables

__all__ = ["Fault", "Report", "RuleTable", "check", "require_sound", "rule_tables"]
