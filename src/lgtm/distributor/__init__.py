"""The distributor: decoded requests are judged by the tenant's limits, completed, batched, and written to the ingesters that own them."""
