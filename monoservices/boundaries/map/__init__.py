"""The map of the services: what each one depends on, calls, stores and serves."""
