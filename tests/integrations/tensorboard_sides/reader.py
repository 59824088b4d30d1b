"""Print the scalars below a folder as TensorBoard reads them: {run: {tag: [[step, milliseconds, value], ...]}}."""

import json
import sys

from tensorboard.backend.event_processing.event_multiplexer import EventMultiplexer
from tensorboard.util.tensor_util import make_ndarray

ALL = {"scalars": 0, "tensors": 0}


def scalars_of(run) -> dict:
    found = {tag: [(event, event.value) for event in run.Scalars(tag)] for tag in run.Tags()["scalars"]}
    for tag in run.Tags()["tensors"]:
        if tag in run.summary_metadata and run.SummaryMetadata(tag).plugin_data.plugin_name == "scalars":
            found[tag] = [(event, make_ndarray(event.tensor_proto).item()) for event in run.Tensors(tag)]
    return {
        tag: [[event.step, int(event.wall_time * 1000), float(value)] for event, value in values]
        for tag, values in found.items()
    }


multiplexer = EventMultiplexer(size_guidance=ALL).AddRunsFromDirectory(sys.argv[1])
multiplexer.Reload()
runs = {name: scalars_of(multiplexer.GetAccumulator(name)) for name in multiplexer.Runs()}
json.dump({name: found for name, found in runs.items() if found}, sys.stdout)
