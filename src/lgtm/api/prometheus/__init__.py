"""Prometheus' HTTP query API: queries, series and labels, metadata and exemplars, federation, deletion, and what a server says of itself."""
