"""The release of Loki whose API this is: Grafana switches features by it."""

LOKI_VERSION = "3.6.0"
