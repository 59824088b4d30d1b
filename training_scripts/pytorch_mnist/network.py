"""The network and its optimizer. Initial weights and optimizer are those that Keras uses by default."""

from collections import OrderedDict

import torch
from torch import nn

from shared.digits import CLASSES, SIDE


def build(first: int, second: int) -> nn.Sequential:
    """Return the untrained network. first, second: the widths of the hidden layers."""
    model = nn.Sequential(
        OrderedDict(
            first=nn.Linear(SIDE * SIDE, first),
            first_activation=nn.ReLU(),
            second=nn.Linear(first, second),
            second_activation=nn.ReLU(),
            digit=nn.Linear(second, CLASSES),
        )
    )
    for layer in (model.first, model.second, model.digit):
        nn.init.xavier_uniform_(layer.weight)
        nn.init.zeros_(layer.bias)
    return model


def build_optimizer(model: nn.Module, learning_rate: float) -> torch.optim.Optimizer:
    """Return RMSprop with its state, which PyTorch would create in the first step: so it can be restored before."""
    # Keras adds its epsilon, 1e-7, below the square root.
    optimizer = torch.optim.RMSprop(
        model.parameters(), lr=learning_rate, alpha=0.9, eps=1e-7**0.5, foreach=True
    )
    for weights in model.parameters():
        optimizer.state[weights] = {"step": torch.zeros(()), "square_avg": torch.zeros_like(weights)}
    return optimizer


def scale(images: torch.Tensor) -> torch.Tensor:
    """Convert bytes to numbers from 0 to 1, on the device: there are fewer bytes to copy."""
    return images.float() / 255.0
