"""The edge: HTTP and gRPC in, the values of the floors below out. Handlers decode, call and encode; routes are built from what they are handed."""
