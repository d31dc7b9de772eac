"""What becomes of a target is told rule by rule."""

from __future__ import annotations

from lgtm.relabel.rule import Action, RelabelRule
from lgtm.scrape.config import ScrapeConfig
from lgtm.scrape.relabel_steps import relabel_steps

DROP = RelabelRule(action=Action.DROP, source_labels=("__address__",), regex="d")


def test_relabelling_is_told_step_by_step() -> None:
    job = ScrapeConfig(job_name="j", relabel=(RelabelRule(target_label="a", replacement="b"), DROP, RelabelRule(target_label="c")))
    first, last = relabel_steps(job, {"__address__": "d"})
    assert (first["keep"], first["output"]["a"], first["rule"]["action"]) == (True, "b", "replace")
    assert (last["keep"], last["output"]) == (False, {})
