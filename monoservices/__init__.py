"""Microservices in one process: what makes a Django app a service. Knows no service by name."""
