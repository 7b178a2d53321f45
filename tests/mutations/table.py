"""All mutations."""

from tests.mutations import (
    communication,
    contracts,
    imports,
    migrations,
    queries,
    registries,
    relations,
)
from tests.mutations.mutation import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    *imports.IMPORTS,
    *imports.DEPENDENCIES,
    *relations.RELATIONS,
    *queries.LOOKUPS,
    *registries.REGISTRIES,
    *queries.SQL,
    *relations.SIGNALS,
    *migrations.MIGRATIONS,
    *communication.HANDOUTS,
    *contracts.CONTRACTS,
    *contracts.BASELINE,
)

BY_NAME = {mutation.name: mutation for mutation in MUTATIONS}
