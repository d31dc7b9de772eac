"""Wire formats to columns and back: pure functions over bytes. Nothing here waits, logs or knows a tenant."""
