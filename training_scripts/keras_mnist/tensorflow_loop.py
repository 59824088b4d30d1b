"""Compile a whole epoch into one XLA program, with TensorFlow."""

from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

from keras_mnist.network import mean_loss, scale, scores


class TensorFlowLoop:
    def __init__(self, model: keras.Model) -> None:
        tf.config.experimental.enable_op_determinism()  # otherwise sums on a GPU differ from run to run
        self._epoch = tf.function(_epoch(model), jit_compile=True)
        self._scores = tf.function(
            lambda images, labels: scores(labels, model(scale(images))), jit_compile=True
        )

    def train(self, images: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> None:
        self._epoch(*map(tf.constant, (images, labels, weights)))

    def evaluate(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        loss, accuracy = self._scores(tf.constant(images), tf.constant(labels))
        return float(loss), float(accuracy)


def _epoch(model: keras.Model) -> Callable[[tf.Tensor, tf.Tensor, tf.Tensor], None]:
    def step(images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> None:
        with tf.GradientTape() as tape:
            loss = mean_loss(labels, model(scale(images), training=True), weights)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply(gradients, model.trainable_variables)

    def epoch(images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> None:
        for batch in tf.range(images.shape[0]):
            step(images[batch], labels[batch], weights[batch])

    return epoch
