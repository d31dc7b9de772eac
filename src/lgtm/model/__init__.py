"""Values that every floor shares: tenants, labels, matchers, signals, batches, parts, limits. Nothing here waits or touches a disk."""
