"""What the APIs of all services share: problems, decoding, serializers, pages, access, OpenAPI."""
