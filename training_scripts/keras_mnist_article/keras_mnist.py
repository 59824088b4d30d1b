"""Train a 784-300-100-10 network on handwritten digits as the article of 2020 did: float64, one-hot labels, `fit`.

    python keras_mnist.py --data-folder DIR

For Python 3.6 with Keras 2.3 and later ones; DIR holds MNIST's four files, gzipped. Where MLFLOW_TRACKING_URI is set,
metrics are recorded there; else only printed. Not resumable, and not the same bytes twice.
"""

import argparse
import glob
import gzip
import os

import keras
import numpy as np


def main():
    options = arguments()
    recording = Recording()
    seed(options.seed)
    training, testing = data(options.data_folder, "train"), data(options.data_folder, "t10k")
    model = network(options)
    history = model.fit(
        training[0],
        training[1],
        batch_size=options.batch_size,
        epochs=options.epochs,
        verbose=2,
        validation_data=testing,
        callbacks=[recording],
    ).history
    loss, accuracy = model.evaluate(testing[0], testing[1], verbose=0)
    recording.log({"Final test loss": loss, "Final test accuracy": accuracy}, options.epochs)
    recording.figure(history)
    print("final test loss %.4f, final test accuracy %.4f" % (loss, accuracy))
    save(model, os.path.join("outputs", "model"))


def seed(number):
    """Seed the order of the images and, where Keras can (2.7 and later), the weights that training starts from."""
    np.random.seed(number)
    if hasattr(keras.utils, "set_random_seed"):
        keras.utils.set_random_seed(number)


def arguments():
    parser = argparse.ArgumentParser(formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--data-folder", required=True, help="folder of the four IDX files")
    parser.add_argument("--batch-size", type=int, default=50, help="images per step")
    parser.add_argument("--first-layer-neurons", type=int, default=300, help="width of the first layer")
    parser.add_argument("--second-layer-neurons", type=int, default=100, help="width of the second layer")
    parser.add_argument("--learning-rate", type=float, default=0.001, help="of RMSprop")
    parser.add_argument("--epochs", type=int, default=20, help="passes over the training images")
    parser.add_argument(
        "--seed", type=int, default=1, help="of the order of the images and the first weights"
    )
    return parser.parse_args()


def data(folder, part):
    """Images (count, 784) in 0 to 1, labels (count, 10) one-hot; both float64."""
    images = idx(folder, part + "-images-idx3-ubyte.gz", header=16)
    labels = idx(folder, part + "-labels-idx1-ubyte.gz", header=8)
    return images.reshape(len(labels), 784) / 255.0, np.eye(10)[labels]


def idx(folder, name, header):
    """The elements of a file at the folder or below: Azure ML names folders after the web address it came from."""
    found = glob.glob(os.path.join(folder, "**", name), recursive=True)
    if not found:
        raise SystemExit(
            "error: no %s in %s; --data-folder names the folder of the IDX files" % (name, folder)
        )
    with gzip.open(found[0]) as file:
        return np.frombuffer(file.read(), np.uint8, offset=header)


def network(options):
    model = keras.models.Sequential()
    model.add(keras.layers.Dense(options.first_layer_neurons, activation="relu", input_shape=(784,)))
    model.add(keras.layers.Dense(options.second_layer_neurons, activation="relu"))
    model.add(keras.layers.Dense(10, activation="softmax"))
    optimizer = keras.optimizers.RMSprop(learning_rate=options.learning_rate)
    model.compile(loss="categorical_crossentropy", optimizer=optimizer, metrics=["accuracy"])
    return model


class Recording(keras.callbacks.Callback):
    """Each epoch's loss and accuracy on the test images, to MLflow where a platform offers it."""

    def __init__(self):
        super().__init__()
        self.mlflow = None
        if os.environ.get("MLFLOW_TRACKING_URI"):
            import mlflow

            self.mlflow = mlflow
            mlflow.start_run()

    def on_epoch_end(self, epoch, logs=None):
        self.log({"Loss": logs["val_loss"], "Accuracy": logs["val_accuracy"]}, epoch + 1)

    def log(self, metrics, step):
        if self.mlflow:
            self.mlflow.log_metrics({name: float(value) for name, value in metrics.items()}, step=step)

    def figure(self, history):
        """Loss over accuracy, epoch by epoch."""
        if not self.mlflow:
            return
        from matplotlib.figure import Figure

        figure = Figure(figsize=(6, 3))
        axes = figure.add_subplot(1, 1, 1)
        axes.set_title("MNIST with Keras MLP (%d epochs)" % len(history["val_loss"]))
        axes.plot(history["val_accuracy"], "b-", label="Accuracy")
        axes.plot(history["val_loss"], "r--", label="Loss")
        axes.legend()
        axes.grid(True)
        self.mlflow.log_figure(figure, "Accuracy vs Loss.png")
        self.mlflow.end_run()


def save(model, folder):
    """model.json with the network, model.weights.h5 with its weights."""
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "model.json"), "w") as file:
        file.write(model.to_json())
    model.save_weights(os.path.join(folder, "model.weights.h5"))


if __name__ == "__main__":
    main()
