"""What the node costs and how fast it answers, beside its targets and its peers. `python -m benchmarks` prints one table; see README.md."""
