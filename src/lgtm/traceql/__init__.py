"""TraceQL as Tempo speaks it: text to syntax tree, what must be read for it, and evaluation over columns of spans."""
