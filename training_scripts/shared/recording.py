"""Record parameters and metrics with MLflow, if a platform set MLFLOW_TRACKING_URI."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

_MOST_METRICS = 1000
"""How many metrics a server of MLflow takes in one request."""


class Recorder:
    """Records nothing. Used without a tracking address: MLflow would create a store in the working directory."""

    def log_parameters(self, values: Mapping[str, Any]) -> None:
        pass

    def log_metrics(self, values: Mapping[str, float], epoch: int) -> None:
        pass

    def log_steps(self, steps: Mapping[int, Mapping[str, float]]) -> None:
        pass

    def log_figure(self, figure: Any, name: str) -> None:
        pass

    def log_history(self, history: Sequence[tuple[float, float]], title: str) -> None:
        pass


class MlflowRecorder(Recorder):
    """Records with MLflow. Each call is one request."""

    def __init__(self, mlflow: Any) -> None:
        self._mlflow = mlflow

    def log_parameters(self, values: Mapping[str, Any]) -> None:
        self._mlflow.log_params(values)

    def log_metrics(self, values: Mapping[str, float], epoch: int) -> None:
        self._mlflow.log_metrics(values, step=epoch)

    def log_steps(self, steps: Mapping[int, Mapping[str, float]]) -> None:
        """Record the metrics of many steps: a thousand values are one request."""
        from mlflow.entities import Metric

        now = int(time.time() * 1000)
        metrics = [
            Metric(name, value, now, step) for step, values in steps.items() for name, value in values.items()
        ]
        run_id = self._mlflow.active_run().info.run_id
        for start in range(0, len(metrics), _MOST_METRICS):
            self._mlflow.MlflowClient().log_batch(run_id, metrics[start : start + _MOST_METRICS])

    def log_figure(self, figure: Any, name: str) -> None:
        self._mlflow.log_figure(figure, name)

    def log_history(self, history: Sequence[tuple[float, float]], title: str) -> None:
        """Record the figure 'Accuracy vs Loss'."""
        self._mlflow.log_figure(_figure(history, title), "Accuracy vs Loss.png")


@contextmanager
def open_recorder() -> Iterator[Recorder]:
    """Start an MLflow run, if a tracking address is set; yield the recorder to use."""
    if not os.environ.get("MLFLOW_TRACKING_URI"):
        yield Recorder()
        return
    import mlflow

    with mlflow.start_run():
        yield MlflowRecorder(mlflow)


def _figure(history: Sequence[tuple[float, float]], title: str) -> Any:
    # Not pyplot: it looks for a display, and importing it takes a second.
    from matplotlib.figure import Figure

    epochs = range(1, len(history) + 1)
    losses, accuracies = zip(*history, strict=True)
    figure = Figure(figsize=(6, 3), layout="constrained")
    axes = figure.subplots()
    axes.plot(epochs, accuracies, "b-", label="Accuracy")
    axes.plot(epochs, losses, "r--", label="Loss")
    axes.set(title=f"{title} ({len(history)} epochs)", xlabel="epoch")
    axes.legend()
    axes.grid(True)
    return figure
