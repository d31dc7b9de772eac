"""Logs, traces and metrics for small teams, in one program."""
