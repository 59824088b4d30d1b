"""Keras 3: autolog of a small network."""

import keras
import mlflow
from sklearn.datasets import load_digits

keras.utils.set_random_seed(0)
mlflow.keras.autolog()
images, labels = load_digits(return_X_y=True)
images = (images[:400] / 16).astype("float32")
model = keras.Sequential(
    [
        keras.layers.Input((64,)),
        keras.layers.Dense(32, activation="relu"),
        keras.layers.Dense(10, activation="softmax"),
    ]
)
model.compile(optimizer="rmsprop", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(images, labels[:400], batch_size=50, epochs=3, validation_split=0.2, verbose=0)
