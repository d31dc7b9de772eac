"""LogQL: text to what must be read, and batches to answers. Nothing here waits or touches a disk."""
