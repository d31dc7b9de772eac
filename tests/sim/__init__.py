"""A whole cluster in one process on virtual time: the real nodes, on simulated machines, driven by one seed."""
