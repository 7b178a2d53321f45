"""All mutations."""

from tests.mutations import communication, imports, migrations, queries, relations
from tests.mutations.mutation import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    *imports.IMPORTS,
    *imports.DEPENDENCIES,
    *relations.RELATIONS,
    *queries.LOOKUPS,
    *queries.REGISTRIES,
    *queries.SQL,
    *relations.SIGNALS,
    *migrations.MIGRATIONS,
    *communication.HANDOUTS,
    *communication.CONTRACTS,
    *communication.BASELINE,
)

BY_NAME = {mutation.name: mutation for mutation in MUTATIONS}
