"""Tempo's query API: parameters in, the engine asked, JSON or protobuf as Tempo writes it out. `routes.tempo_query_router` joins the HTTP routes,
`streaming.tempo_grpc_handler` is the service that streams."""
