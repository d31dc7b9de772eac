"""Step-aligned vectors: what LogQL metrics, PromQL and TraceQL metrics share once samples have been read.

    windows.py     which samples of a sorted column lie in the window of each step
    over_time.py   one number from the samples of each window
    matrix.py      series × steps
    aggregate.py   sum, avg, … over groups of series; topk.py chooses series; match.py pairs two matrices; relabel.py renames
    arithmetic.py  the operators on numbers; sorting.py orders by small whole numbers

Everything is numpy over whole columns. Python runs per series only where label sets are built. No I/O, no language.
"""
