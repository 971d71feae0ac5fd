"""What a process shows at /metrics."""

from prometheus_client.parser import text_string_to_metric_families


def samples(shown: str) -> dict[str, float]:
    """The samples of a page by their names, each the sum over all its labels."""
    totals: dict[str, float] = {}
    for family in text_string_to_metric_families(shown):
        for sample in family.samples:
            totals[sample.name] = totals.get(sample.name, 0.0) + sample.value
    return totals
