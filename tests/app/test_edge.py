"""What speaks HTTP and gRPC is loaded while the log is read; that it answers is in test_node.py and tests/e2e."""

from __future__ import annotations

import subprocess
import sys


def test_a_node_can_read_its_log_before_what_speaks_http_is_loaded() -> None:
    code = "import sys, lgtm.cli.main, lgtm.app.node; print(*sorted({'fastapi', 'uvicorn', 'opentelemetry', 'grpc'} & sys.modules.keys()))"
    ran = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert ran.stdout.split() == ["grpc"], "calls between nodes need grpc, and nodes meet before they are ready"
