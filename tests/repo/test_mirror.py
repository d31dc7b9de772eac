"""The tests of a module are where one looks for them: src/lgtm/x/y.py is tested by tests/x/test_y.py."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE, TESTS = ROOT / "src" / "lgtm", ROOT / "tests"

ACROSS = {"benchmarks", "contracts", "e2e", "repo", "scripts", "sim"}
"""Folders of tests that belong to no single module; tests/README.md says what each is for."""

OF_A_PACKAGE = {
    "traceql/test_recorded.py": "the whole language against what Tempo answered to recorded questions",
    "blocks/test_spans.py": "every step of a block with rows of another signal than logs",
    "storage/test_block_page.py": "docs/formats/block.md, run as it is written",
    "wal/test_format.py": "docs/formats/wal.md, by a reader that is written from the page alone",
    "wal/test_power_loss.py": "the whole log on a disk that forgets what was not synced",
}
"""Tests of what the modules of a package do together."""

ELSEWHERE = {
    "traceql/errors.py": "traceql/test_check.py",
    "traceql/exemplars.py": "traceql/test_recorded.py",
    "traceql/field_parser.py": "traceql/test_parser.py",
    "traceql/field_syntax.py": "traceql/test_parser.py",
    "traceql/fields.py": "traceql/test_evaluate.py",
    "traceql/grammar.py": "traceql/test_parser.py",
    "traceql/groups.py": "traceql/test_over_time.py",
    "traceql/metrics.py": "traceql/test_over_time.py",
    "traceql/syntax.py": "traceql/test_parser.py",
    "traceql/types.py": "traceql/test_check.py",
    "traceql/uses.py": "traceql/test_plan.py",
    "spanmetrics/edges.py": "spanmetrics/test_service_graphs.py",
    "app/standing.py": "app/test_cluster.py",
    "app/targets.py": "app/test_cluster.py",
    "app/orphaned.py": "sim/test_sim.py",
    "ring/agent.py": "app/test_cluster.py",
    "ring/gossip_metrics.py": "app/test_cluster.py",
    "peer/transport.py": "peer/test_client.py",
    "cli/cluster.py": "e2e/test_cluster.py",
    "cli/drill.py": "e2e/test_cluster.py",
    "cli/drill_faults.py": "e2e/test_cluster.py",
    "cli/drill_load.py": "e2e/test_cluster.py",
    "cli/namespaces.py": "e2e/test_cluster.py",
    "cli/local_nodes.py": "e2e/test_cluster.py",
    "wire/otlp_metric_family.py": "wire/test_otlp_metrics.py",
    "wal/survey.py": "wal/test_recovery.py",
    "wal/writer.py": "wal/test_log.py",
    "wal/executor.py": "wal/test_log.py",
    "query/select.py": "query/test_engine.py",
    "storage/memory.py": "contracts/test_object_store.py",
    "logql/gotemplate/functions/signature.py": "logql/gotemplate/test_calls.py",
    "logql/gotemplate/limits.py": "logql/gotemplate/test_execute.py",
    "logql/gotemplate/reader.py": "logql/gotemplate/test_parser.py",
    "logql/gotemplate/state.py": "logql/gotemplate/test_execute.py",
    "logql/gotemplate/syntax.py": "logql/gotemplate/test_parser.py",
    "logql/log_parser.py": "logql/test_parser.py",
    "logql/metric_parser.py": "logql/test_parser.py",
    "logql/syntax.py": "logql/test_parser.py",
    "promql/calls/dates.py": "promql/test_evaluate.py",
    "promql/calls/elementwise.py": "promql/test_evaluate.py",
    "promql/calls/label_functions.py": "promql/test_evaluate.py",
    "promql/calls/presence.py": "promql/test_evaluate.py",
    "promql/calls/resets.py": "promql/test_evaluate.py",
    "promql/calls/scalars.py": "promql/test_evaluate.py",
    "promql/calls/timestamps.py": "promql/test_evaluate.py",
    "promql/check.py": "promql/test_parser.py",
    "promql/columns.py": "promql/test_select.py",
    "promql/counters.py": "promql/calls/test_rates.py",
    "promql/duration_parser.py": "promql/test_parser.py",
    "promql/errors.py": "promql/test_parser.py",
    "promql/extended.py": "promql/test_evaluate.py",
    "promql/extrapolation.py": "promql/calls/test_rates.py",
    "promql/features.py": "promql/test_parser.py",
    "promql/frame.py": "promql/test_evaluate.py",
    "promql/functions.py": "promql/test_parser.py",
    "promql/histogram_rate.py": "promql/test_evaluate.py",
    "promql/histogram_sums.py": "promql/test_evaluate.py",
    "promql/label_parser.py": "promql/test_parser.py",
    "promql/matching_parser.py": "promql/test_parser.py",
    "promql/modifier_parser.py": "promql/test_parser.py",
    "promql/reading.py": "promql/test_parser.py",
    "promql/info_selector.py": "promql/test_prepare.py",
    "promql/operators.py": "promql/test_evaluate.py",
    "promql/resolve.py": "promql/test_prepare.py",
    "promql/syntax.py": "promql/test_parser.py",
    "promql/trim.py": "promql/test_native_quantile.py",
    "promql/value.py": "promql/test_evaluate.py",
}
"""Modules that are tested through another one, and where."""

DECISIONS = (ast.If, ast.IfExp, ast.For, ast.AsyncFor, ast.While, ast.Try, ast.Match, ast.comprehension, ast.BoolOp, ast.Compare)


def modules() -> set[str]:
    return {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*.py") if path.name != "__init__.py"}


def decides(module: str) -> bool:
    """Whether there is anything to get wrong: a module that only declares fields, metrics or errors has no branch and no loop."""
    return any(isinstance(node, DECISIONS) for node in ast.walk(ast.parse((SOURCE / module).read_text(encoding="utf-8"))))


def mirror_of(module: str) -> str:
    path = Path(module)
    return str(path.parent / f"test_{path.name}")


def paths_of_tests() -> set[str]:
    found = {path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")}
    return {str(path) for path in found if path.parts[0] not in ACROSS}


def test_every_module_has_its_tests() -> None:
    missing = {module for module in modules() - ELSEWHERE.keys() if decides(module) and mirror_of(module) not in paths_of_tests()}
    assert not missing


def test_every_test_file_has_its_module() -> None:
    assert paths_of_tests() - {mirror_of(module) for module in modules()} == OF_A_PACKAGE.keys()


def test_what_is_tested_elsewhere_is() -> None:
    for module, test in ELSEWHERE.items():
        assert (SOURCE / module).exists(), module
        assert (TESTS / test).exists(), test
