"""Write event files with several libraries into folders of the working directory. Run by the frameworks' Python."""

import math

import numpy as np
import tensorboardX
from lightning.pytorch.loggers import TensorBoardLogger
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.plugins.scalar.metadata import create_summary_metadata
from tensorboard.summary import Writer
from tensorboard.summary.writer.event_file_writer import EventFileWriter
from tensorboard.util.tensor_util import make_tensor_proto
from torch.utils.tensorboard import SummaryWriter


def write_torch() -> None:
    writer = SummaryWriter("runs/torch")
    for step in range(100):
        writer.add_scalar("old style", step / 3, step)
        writer.add_scalar("new style", step / 7, step, new_style=True)
        writer.add_scalar("double", step / 7, step, new_style=True, double_precision=True)
        writer.add_histogram("weights", np.arange(50), step)
    writer.add_scalar("special", math.nan, -1)
    writer.add_scalar("special", math.inf, 2**40)
    writer.add_image("image", np.zeros((3, 8, 8)), 0)
    writer.add_text("text", "hello", 0)
    writer.add_pr_curve("curve", np.array([0, 1]), np.array([0.1, 0.9]), 0)
    writer.add_hparams({"rate": 0.1}, {"hparam/accuracy": 0.5}, run_name="parameters")
    writer.add_scalars("both", {"a": 1, "b": 2}, 3)
    writer.close()


def write_tensorboardx() -> None:
    writer = tensorboardX.SummaryWriter("runs/x")
    for step in range(100):
        writer.add_scalar("loss", 1 / (step + 1), step)
    writer.close()


def write_lightning() -> None:
    logger = TensorBoardLogger("runs", name="lightning")
    logger.log_hyperparams({"rate": 0.1})
    for step in range(10):
        logger.log_metrics({"train_loss": 1 / (step + 1)}, step)
    logger.finalize("success")


def write_tensorboard() -> None:
    writer = Writer("runs/tensorboard")
    for step in range(10):
        writer.add_scalar("loss", step / 3, step)
    writer.close()


def write_tensors() -> None:
    """Write tensors of each type, as TensorFlow 2 does: only a tag's first event has metadata."""
    writer = EventFileWriter("runs/tensors")
    for kind in (np.float16, np.float32, np.float64, np.int8, np.int32, np.int64, np.uint8, np.bool_):
        for step in range(3):
            metadata = create_summary_metadata("", "") if step == 0 else None
            tensor = make_tensor_proto(np.array(step - 1 if step else 1, kind))
            value = Summary.Value(tag=kind.__name__, tensor=tensor, metadata=metadata)
            writer.add_event(Event(wall_time=1.5, step=step, summary=Summary(value=[value])))
    vector = Summary.Value(tag="vector", tensor=make_tensor_proto(np.arange(3.0)))
    writer.add_event(Event(summary=Summary(value=[vector])))
    writer.close()


if __name__ == "__main__":
    write_torch()
    write_tensorboardx()
    write_lightning()
    write_tensorboard()
    write_tensors()
