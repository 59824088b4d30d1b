"""What dressage costs on Azure ML: a no-op run from submission to registered model, against the SDK by hand.

    uv run benchmarks/azureml.py

Both speak to the loopback service that the tests use, in processes of their own, and take turns; the dataset, the
cluster and the environment are there already. By hand is what a person writes: the SDK's own calls and waiting.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import machine, medians

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))  # the tests' loopback service

from tests.azureml import Loopback, loopback, worker_python  # noqa: E402

THROUGH_DRESSAGE = """
import sys
from pathlib import Path
from dressage import Engine
from tests.plugins.azureml.conftest import with_tiny
engine = with_tiny(Path.cwd())
run = engine.run("tiny", set={"rate": sys.argv[1]})
assert run.wait().state == "Completed", run.status
assert run.model
"""
PLANNED = """
from pathlib import Path
from tests.plugins.azureml.conftest import with_tiny
print(with_tiny(Path.cwd()).plan("tiny").stages[0].action)
"""
BY_HAND = """
import sys
from azureml.core import Dataset, Environment, Experiment, ScriptRunConfig, Workspace
workspace = Workspace.from_config()
data = Dataset.get_by_name(workspace, "numbers").as_named_input("dataset").as_mount()
name = next(name for name in Environment.list(workspace) if name.startswith("tiny-env"))
environment = Environment.get(workspace, name)
configuration = ScriptRunConfig(
    source_directory="tiny", script="train.py", arguments=["--data", data, "--rate", sys.argv[1]],
    compute_target=workspace.compute_targets["cpu-cluster"], environment=environment,
)
run = Experiment(workspace, "tiny").submit(configuration)
run.wait_for_completion()
run.register_model("tiny", model_path="outputs/model", tags={"by": "hand"})
import os
os._exit(0)  # the dataset engine would try to report home for seconds
"""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=7)
    rounds: int = parser.parse_args().rounds
    print(machine())
    python = worker_python()
    with tempfile.TemporaryDirectory() as folder, loopback(Path(folder)) as service:
        project = Path(folder) / "project"
        project.mkdir()
        (project / "config.json").write_text((Path(folder) / "service" / "config.json").read_text())
        actions = {
            "dressage": turn(Path(sys.executable), THROUGH_DRESSAGE, project, service),
            "by hand": turn(python, BY_HAND, project, service),
            "plan": turn(Path(sys.executable), PLANNED, project, service),
            "import": turn(python, "import azureml.core", project, service),
        }
        medians(actions, 1)  # the first makes dataset, cluster and environment
        took = medians(actions, rounds)
    mine, theirs = took["dressage"], took["by hand"]
    print(
        f"submit to registered  {mine:5.2f} s   by hand {theirs:.2f}: {mine / theirs:.2f} times; at most 1.1"
    )
    print(f"warm plan             {took['plan']:5.2f} s   importing the SDK {took['import']:.2f}; under 3 s")


def turn(python: Path, code: str, project: Path, service: Loopback) -> Callable[[], object]:
    """Runs the code as a process; a number that it was not given before makes each training another one."""
    from platformdirs import user_cache_path

    caches = str(user_cache_path("dressage").parent)
    environ = {**os.environ, **service.environ, "XDG_CACHE_HOME": caches, "PYTHONPATH": str(REPOSITORY)}
    numbers = iter(range(1_000_000))

    def run() -> None:
        told = subprocess.run(
            [python, "-c", code, f"0.{next(numbers)}"],
            cwd=project,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert told.returncode == 0, told.stderr

    return run


if __name__ == "__main__":
    main()
