"""E010: SQL names a table of another service."""

from collections.abc import Iterator

from monoservices.boundaries.analysis.names import code
from monoservices.boundaries.analysis.sql import named_tables
from monoservices.boundaries.rules import Finding, rule
from monoservices.services.config import ServiceConfig
from monoservices.services.ownership import table_owners


@rule("E010")
def check(service: ServiceConfig) -> Iterator[Finding]:
    """SQL belongs to the service that owns the tables, and not to a communication module either."""
    owners = {name: owner.label for name, owner in table_owners().items() if owner is not service}
    for names in code(service):
        for line, table in named_tables(names, owners):
            other = owners[table]
            yield Finding(
                other,
                names.module.shown_path,
                line,
                f"{service.label} names the table {table} of {other} in SQL.",
                f"Move the statement into a function of {other}, and call that function in"
                f" microservice_communication.py of {service.label}.",
            )
