"""PromQL as Prometheus 3.14 defines it: text to tree, what the tree needs to read, and its value from columns of samples. No I/O.

lexer.py, strings.py, parser.py, check.py           text → syntax.py, with Prometheus' errors and their positions
printer.py, prettier.py, tree_json.py               back to text, and to the JSON of /api/v1/parse_query
prepare.py, plan.py                                 what depends on the query's times: durations, @, which windows to read
columns.py                                          what the caller hands over: labels, and samples as CSR arrays
evaluate.py                                         the tree over series × steps; one file for each kind of node
histogram.py                                        native histograms as values
"""
