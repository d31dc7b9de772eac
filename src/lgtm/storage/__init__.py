"""Where blocks live: object stores behind one protocol, exactly-once publishing, the catalogue of blocks, and a disk cache of their files."""
