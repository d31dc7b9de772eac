"""Calls between the nodes of a cluster: bytes in, bytes or a stream of bytes out, over gRPC."""
