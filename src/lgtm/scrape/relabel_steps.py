"""What relabel_configs make of a target, rule by rule: the `data` of /api/v1/targets/relabel_steps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.target import discovered_labels


def relabel_steps(job: ScrapeConfig, labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """labels: as discovered. Up to the rule that drops."""
    changed = discovered_labels(job, labels)
    steps = []
    for rule in job.relabel:
        keep = rule.apply(changed)
        shown = {"source_labels": list(rule.source_labels), "target_label": rule.target_label, "action": str(rule.action)}
        shown |= {"regex": rule.regex, "separator": rule.separator, "replacement": rule.replacement}
        steps.append({"rule": shown, "output": dict(changed) if keep else {}, "keep": keep})
        if not keep:
            break
    return steps
