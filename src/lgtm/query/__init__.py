"""Answers questions: what must be read, from heads and blocks, each record once, evaluated column by column, within limits."""
