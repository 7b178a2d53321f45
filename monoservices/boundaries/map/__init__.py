"""The map of services: what each depends on, asks, holds and answers."""
