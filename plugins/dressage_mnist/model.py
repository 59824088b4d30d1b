"""The model that a script trains, and the script's arguments."""

from dressage import DatasetFolder, Model, PrimaryMetric, Script
from dressage_mnist.settings import Settings
from dressage_training_scripts import describe_arguments


def describe_model(name: str, framework: str, script: Script) -> Model:
    """Return the model, judged by the accuracy on the test images. name: of the registered model."""
    metric = PrimaryMetric(name="Final test accuracy", goal="maximize")
    return Model(name=name, framework=framework, primary_metric=metric, script=script)


def script_arguments(settings: Settings) -> tuple[str | DatasetFolder, ...]:
    """Return the arguments that all training scripts for MNIST have."""
    options = {
        "--batch-size": settings.batch_size,
        "--first-layer-neurons": settings.first_layer_neurons,
        "--second-layer-neurons": settings.second_layer_neurons,
        "--learning-rate": settings.learning_rate,
        "--epochs": settings.epochs,
        "--seed": settings.seed,
    }
    return describe_arguments(options)
