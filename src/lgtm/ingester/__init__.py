"""Keeps what was written: logs each part, holds it queryable in memory, and flushes whole generations to blocks."""
