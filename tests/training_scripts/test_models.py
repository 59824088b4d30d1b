"""What the training scripts save can be loaded, and predicts."""

from pathlib import Path

import pytest
from tests.fixtures import BuildPython
from tests.guests import GUESTS
from tests.training_scripts.conftest import DIGITS, SCRIPTS, ByHand

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

READ = (
    "import sys; from pathlib import Path\n"
    "from shared.digits import load\n"
    f"digits = load(Path({str(DIGITS)!r}), 't10k')\n"
    "images = digits.images.astype('float32') / 255\n"
)
KERAS = READ + (
    "import keras, numpy as np\n"
    "whole = keras.saving.load_model('model.keras')\n"
    "parts = keras.models.model_from_json(open('model.json').read())\n"
    "parts.load_weights('model.weights.h5')\n"
    "one, other = (np.asarray(model(images)) for model in (whole, parts))\n"
    "assert (one == other).all()\n"
    "print((one.argmax(1) == digits.labels).mean())\n"
)
PYTORCH = READ + (
    "import torch; from pytorch_mnist.model_files import load as load_model\n"
    "scores = load_model(Path())(torch.tensor(images))\n"
    "print((scores.argmax(1).numpy() == digits.labels).mean())\n"
)
JAX = READ + (
    "import json, numpy as np\n"
    "arrays, about = np.load('model.npz'), json.loads(Path('model.json').read_text())\n"
    "assert {name: list(arrays[name].shape) for name in arrays} == about['arrays']\n"
    "values = images\n"
    "for layer, activation in enumerate(about['activations']):\n"
    "    values = values @ arrays[f'{layer}.kernel'] + arrays[f'{layer}.bias']\n"
    "    values = np.maximum(values, 0) if activation == 'relu' else values\n"
    "print((values.argmax(1) == digits.labels).mean())\n"
)
CODE = {"keras_mnist": KERAS, "pytorch_mnist": PYTORCH, "jax_mnist": JAX}


def test_a_saved_model_loads_and_predicts_as_the_script_said(by_hand: ByHand):
    trained = by_hand.run("--epochs", "5")
    accuracy = float(trained.stdout.split()[-1])
    assert accuracy > 0.8
    loaded = by_hand.python_run("-c", CODE[by_hand.guest.module], folder="work/outputs/model")
    assert loaded.returncode == 0, loaded.stderr
    assert float(loaded.stdout) == pytest.approx(accuracy, abs=0.003)  # one image of 359


def test_the_articles_script_learns_the_digits(recipe_python: BuildPython, tmp_path: Path):
    python = recipe_python("keras-mnist", backend="tensorflow")
    script = SCRIPTS / "keras_mnist_article" / "keras_mnist.py"
    by_hand = ByHand(GUESTS["keras on tensorflow"], python, tmp_path)
    result = by_hand.python_run(str(script), "--data-folder", str(DIGITS))
    assert float(result.stdout.split()[-1]) >= 0.95, result.stderr
