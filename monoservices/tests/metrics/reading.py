"""What /metrics says, and what of it has changed."""

from prometheus_client.parser import text_string_to_metric_families

from monoservices.metrics import prometheus

Samples = dict[tuple[str, str], float]
"""Values by name and labels, such as `("orders_outcomes_total", "accepted")`: the values of the
labels in the order of their names, with `, ` between them; `le` is left out with its buckets."""


def exposition() -> bytes:
    """What /metrics says now."""
    return prometheus.exposition()


def samples(text: bytes | None = None) -> Samples:
    """The samples of an exposition; without one, of this process as it is now."""
    families = text_string_to_metric_families((text or exposition()).decode())
    return {
        (sample.name, ", ".join(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
        if "le" not in sample.labels
    }


def buckets(name: str, text: bytes | None = None) -> dict[str, float]:
    """The buckets of a histogram that has no labels, by their upper bounds."""
    families = text_string_to_metric_families((text or exposition()).decode())
    return {
        sample.labels["le"]: sample.value
        for family in families
        for sample in family.samples
        if sample.name == f"{name}_bucket"
    }


def growth(before: Samples, *names: str) -> dict[str, float]:
    """By how much the samples with these names have grown since, by the values of the labels."""
    return {
        labels: value - before.get((name, labels), 0)
        for (name, labels), value in samples().items()
        if name in names and value != before.get((name, labels), 0)
    }
