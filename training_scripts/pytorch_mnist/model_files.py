"""Save the trained network, and load it.

The weights are in model.safetensors: the same weights give the same bytes, and loading them runs no code. The files
of `torch.save` are pickles, and contain the name of the file.
"""

import json
from pathlib import Path

from safetensors.torch import load_file, save_file
from torch import nn

from pytorch_mnist.network import build


def save(model: nn.Sequential, folder: Path) -> None:
    """Write model.safetensors, and model.json with the shape of each tensor and what the network does with them."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    save_file(tensors, folder / "model.safetensors")
    about = {
        "tensors": {name: list(tensor.shape) for name, tensor in tensors.items()},
        "input": "images of 784 bytes, divided by 255",
        "activations": ["relu", "relu", "none; softmax gives probabilities"],
    }
    (folder / "model.json").write_text(json.dumps(about, indent=2), encoding="utf-8")


def load(folder: Path) -> nn.Sequential:
    """Return the network that was saved to the folder."""
    tensors = load_file(folder / "model.safetensors")
    model = build(len(tensors["first.bias"]), len(tensors["second.bias"]))
    model.load_state_dict(tensors)
    return model.eval()
