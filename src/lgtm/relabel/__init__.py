"""Rules that rewrite label sets, as in Prometheus' relabel_configs."""
