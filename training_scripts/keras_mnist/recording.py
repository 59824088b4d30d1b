"""What a run tells of itself: to MLflow where a platform offers it, to nobody where the script is run by hand."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any


class Recorder:
    """Records nothing: MLflow without an address would begin a store of its own in the working directory."""

    def parameters(self, values: Mapping[str, Any]) -> None:
        pass

    def metrics(self, values: Mapping[str, float], epoch: int) -> None:
        pass

    def history(self, history: Sequence[tuple[float, float]]) -> None:
        pass


class MlflowRecorder(Recorder):
    """Records to the run that the environment names. Each call is one request."""

    def __init__(self, mlflow: Any) -> None:
        self._mlflow = mlflow

    def parameters(self, values: Mapping[str, Any]) -> None:
        self._mlflow.log_params(values)

    def metrics(self, values: Mapping[str, float], epoch: int) -> None:
        self._mlflow.log_metrics(values, step=epoch)

    def history(self, history: Sequence[tuple[float, float]]) -> None:
        """The figure 'Accuracy vs Loss'."""
        self._mlflow.log_figure(_figure(history), "Accuracy vs Loss.png")


@contextmanager
def recorder() -> Iterator[Recorder]:
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        yield Recorder()
        return
    import mlflow

    with mlflow.start_run():
        yield MlflowRecorder(mlflow)


def _figure(history: Sequence[tuple[float, float]]) -> Any:
    from matplotlib.figure import Figure  # not pyplot, which looks for a display and costs a second

    epochs = range(1, len(history) + 1)
    losses, accuracies = zip(*history, strict=True)
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(epochs, accuracies, "b-", label="Accuracy")
    axes.plot(epochs, losses, "r--", label="Loss")
    axes.set(title=f"MNIST with Keras ({len(history)} epochs)", xlabel="epoch")
    axes.legend()
    axes.grid(True)
    return figure
