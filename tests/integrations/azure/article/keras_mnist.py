"""Train on MNIST and log with azureml-core, in the form of Microsoft's article of 2020.

Changed are the names that Keras 3 gives to the learning rate and to a file of weights, and the number of epochs.
"""

import argparse
import glob
import os

import matplotlib.pyplot as plt
from azureml.core import Run
from keras.callbacks import Callback
from keras.layers import Dense
from keras.models import Sequential
from keras.optimizers import RMSprop
from utils import load_data, one_hot_encode

parser = argparse.ArgumentParser()
parser.add_argument("--data-folder", dest="data_folder", default="data")
parser.add_argument("--batch-size", type=int, dest="batch_size", default=50)
parser.add_argument("--first-layer-neurons", type=int, dest="n_hidden_1", default=100)
parser.add_argument("--second-layer-neurons", type=int, dest="n_hidden_2", default=100)
parser.add_argument("--learning-rate", type=float, dest="learning_rate", default=0.001)
args = parser.parse_args()
n_epochs = 2


def load(name, is_label=False):
    (path, *_) = glob.glob(os.path.join(args.data_folder, "**/" + name), recursive=True)
    return load_data(path, is_label)


x_train = load("train-images-idx3-ubyte.gz") / 255.0
x_test = load("t10k-images-idx3-ubyte.gz") / 255.0
y_train = one_hot_encode(load("train-labels-idx1-ubyte.gz", is_label=True), 10)
y_test = one_hot_encode(load("t10k-labels-idx1-ubyte.gz", is_label=True), 10)

model = Sequential()
model.add(Dense(args.n_hidden_1, activation="relu", input_shape=(784,)))
model.add(Dense(args.n_hidden_2, activation="relu"))
model.add(Dense(10, activation="softmax"))
model.summary()
model.compile(
    loss="categorical_crossentropy",
    optimizer=RMSprop(learning_rate=args.learning_rate),
    metrics=["accuracy"],
)

run = Run.get_context()


class LogRunMetrics(Callback):
    def on_epoch_end(self, epoch, log):
        run.log("Loss", log["val_loss"])
        run.log("Accuracy", log["val_accuracy"])


history = model.fit(
    x_train,
    y_train,
    batch_size=args.batch_size,
    epochs=n_epochs,
    verbose=2,
    validation_data=(x_test, y_test),
    callbacks=[LogRunMetrics()],
)
score = model.evaluate(x_test, y_test, verbose=0)
run.log("Final test loss", score[0])
run.log("Final test accuracy", score[1])

plt.figure(figsize=(6, 3))
plt.title(f"MNIST with Keras MLP ({n_epochs} epochs)", fontsize=14)
plt.plot(history.history["val_accuracy"], "b-", label="Accuracy", lw=4, alpha=0.5)
plt.plot(history.history["val_loss"], "r--", label="Loss", lw=4, alpha=0.5)
plt.legend(fontsize=12)
plt.grid(True)
run.log_image("Accuracy vs Loss", plot=plt)

os.makedirs("./outputs/model", exist_ok=True)
with open("./outputs/model/model.json", "w") as f:
    f.write(model.to_json())
model.save_weights("./outputs/model/model.weights.h5")
