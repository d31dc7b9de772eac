"""Metrics from spans: what Tempo's metrics-generator makes of them, as a library over columns. Nothing here waits or reads."""
