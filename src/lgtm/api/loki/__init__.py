"""Loki's query API: parameters in, the engine asked, JSON as Loki writes it out. `routes.loki_query_router` joins what the other files define."""
