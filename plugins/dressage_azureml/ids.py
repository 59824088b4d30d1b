"""The ids of runs in Azure ML."""


def azure_id(run_id: str, attempt: int) -> str:
    """Return the Azure ML id of an attempt. Azure ML uses an id once."""
    return run_id if attempt == 1 else f"{run_id}-{attempt}"
