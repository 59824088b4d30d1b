"""dressage models list"""

from typing import TYPE_CHECKING

from dressage.cli.options import On, Output, open_engine

if TYPE_CHECKING:
    from dressage.engine.engine import Engine
    from dressage.results.versions import ModelVersion


def list_models(on: On = None, output: Output = "table") -> None:
    """List model versions."""
    from dressage.cli.output import print_json, print_table, time_of

    engine = open_engine()
    versions = engine.platform(on).models.list()
    if output == "json":
        return print_json(versions)
    rows = [
        (
            f"{v.name}:{v.version}",
            _metric(engine, v),
            time_of(v.created),
            v.lineage.run_id if v.lineage else None,
            ", ".join(v.aliases),
        )
        for v in versions
    ]
    return print_table(("MODEL", "METRIC", "CREATED", "RUN", "ALIASES"), rows)


def _metric(engine: "Engine", version: "ModelVersion") -> str | None:
    """Return the value of its run's primary metric; None if the run is not here, or cannot be read."""
    from dressage.cli.output import number_of
    from dressage.errors import DressageError

    if version.lineage is None:
        return None
    try:
        metric = engine.get(version.lineage.run_id).request.model.primary_metric
    except (DressageError, OSError):
        return None
    value = version.metrics.get(metric.name) if metric else None
    return None if value is None else number_of(value)
