"""Who is in the cluster, and who owns what: gossip membership, and the hash ring that rides on it."""
