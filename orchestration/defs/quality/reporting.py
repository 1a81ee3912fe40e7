"""How the result of a suite appears in Dagster."""

from typing import Any

import dagster as dg

from orchestration.quality.rules import Suite
from orchestration.refresh.checking import Checked


def suite_spec(suite: Suite, on: dg.AssetKey) -> dg.AssetSpec:
    """The suite as an asset, so that lineage shows what guards what."""
    return dg.AssetSpec(
        suite.asset_key,
        deps=[on],
        group_name="quality",
        kinds={"greatexpectations"},
        description=f"{len(suite.rules)} expectations on {suite.subject}.",
        metadata={
            "expectations": dg.MetadataValue.md(
                "\n".join(f"- **{r.id}**: {r.description} *{r.reason}*" for r in suite.rules)
            )
        },
    )


def check_result(context: dg.AssetCheckExecutionContext, checked: Checked) -> dg.AssetCheckResult:
    """The check's result, with a table of what failed; notes the suite as materialised."""
    outcomes = checked.outcomes
    metadata: dict[str, Any] = {
        "expectations": len({o.rule.id for o in outcomes}),
        "failed": sum(o.blocks for o in outcomes),
        "warnings": len(checked.warnings),
    }
    bad = [o for o in outcomes if not o.success]
    if bad:
        metadata["what failed"] = dg.MetadataValue.table(
            records=[
                dg.TableRecord(
                    {
                        "period": o.period,
                        "expectation": o.rule.description,
                        "found": o.observed,
                        "severity": o.rule.severity,
                        "reason": o.rule.reason,
                    }
                )
                for o in bad
            ]
        )
    if outcomes:
        context.op_execution_context.log_event(
            dg.AssetMaterialization(asset_key=checked.suite.asset_key, metadata=metadata)
        )
    stops = not checked.passed
    said = "; ".join(f.reason_en for f in checked.failures)
    return dg.AssetCheckResult(
        passed=not bad,
        severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
        description=said or ("Nothing new to check." if not outcomes else None),
        metadata=metadata,
    )
