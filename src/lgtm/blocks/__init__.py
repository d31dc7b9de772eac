"""Blocks: bytes ↔ columns of what is stored for good. Nothing here knows where bytes live; the format is drawn in docs/formats/block.md."""
