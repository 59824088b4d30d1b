"""Compare dressage on Azure ML with the SDK: a run from submission to registered model, and a plan.

    uv run benchmarks/azureml.py

Both use the tests' loopback service, in separate processes and in turns. The dataset, the cluster and the
environment exist already. "SDK" is a script that calls the SDK directly, as a user would write it.
Requests to sign in are not counted. In an hour of waiting, a client asks for the state and the log of a run without
output, with the platform's pauses.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from measuring import describe_machine, medians, read_rounds

REPOSITORY = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY))  # the tests' loopback service

from tests.azureml import Loopback, loopback, worker_python  # noqa: E402

from dressage.platforms.remote import Pace  # noqa: E402
from dressage_azureml.options import Options  # noqa: E402

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
PLAN = """
from pathlib import Path
from tests.plugins.azureml.conftest import with_tiny
print(with_tiny(Path.cwd()).plan("tiny").stages[0].action)
"""
LOOKS = """
import sys, time
from pathlib import Path
from tests.plugins.azureml.conftest import with_tiny
hold = Path("hold").absolute()
hold.touch()
run = with_tiny(Path.cwd()).run("tiny", set={"rate": sys.argv[1], "hold": str(hold)})
while b"step 1" not in b"".join(run.logs()):
    time.sleep(0.5)
for _ in range(LOOKS):
    run.status, b"".join(run.logs())
hold.unlink()
run.wait()
"""
WITH_SDK = """
import sys
from azureml.core import Dataset, Environment, Experiment, ScriptRunConfig, Workspace
workspace = Workspace.from_config()
data = Dataset.get_by_name(workspace, "numbers").as_named_input("dataset").as_mount()
name = "tiny-env"
environment = Environment.get(workspace, name)
configuration = ScriptRunConfig(
    source_directory="tiny", script="train.py", arguments=["--data", data, "--rate", sys.argv[1]],
    compute_target=workspace.compute_targets["cpu-cluster"], environment=environment,
)
run = Experiment(workspace, "tiny").submit(configuration)
run.wait_for_completion()
run.register_model("tiny", model_path="outputs/model", tags={"by": "hand"})
import os
os._exit(0)  # the dataset library would spend seconds on telemetry
"""


def main() -> None:
    rounds = read_rounds(__doc__, default=7)
    print(describe_machine())
    python = worker_python()
    with tempfile.TemporaryDirectory() as folder, loopback(Path(folder)) as service:
        project = Path(folder) / "project"
        project.mkdir()
        (project / "config.json").write_text((Path(folder) / "service" / "config.json").read_text())
        actions = {
            "dressage": run_code(Path(sys.executable), THROUGH_DRESSAGE, project, service),
            "sdk": run_code(python, WITH_SDK, project, service),
            "plan": run_code(Path(sys.executable), PLAN, project, service),
            "import": run_code(python, "import azureml.core", project, service),
        }
        medians(actions, 1)  # the first round creates dataset, cluster and environment
        times = medians(actions, rounds)
        sent = {name: count_requests(service, action) for name, action in actions.items() if name != "import"}
        none, some = (
            count_requests(
                service, run_code(Path(sys.executable), LOOKS.replace("LOOKS", n), project, service)
            )
            for n in ("0", "100")
        )
        look = (some - none) / 100
    ours, sdk = times["dressage"], times["sdk"]
    print(f"submit to registered  {ours:5.2f} s   SDK {sdk:.2f}: {ours / sdk:.2f} times; limit 1.1")
    print(
        f"warm plan             {times['plan']:5.2f} s   importing the SDK {times['import']:.2f}; limit 3 s"
    )
    print(f"requests              plan {sent['plan']}   run {sent['dressage']}   SDK's run {sent['sdk']}")
    print(
        f"an hour of waiting    {count_looks(3600)} looks of {look:.1f} requests: {count_looks(3600) * look:.0f}"
    )


def count_requests(service: Loopback, action: Callable[[], object]) -> int:
    """Return the number of requests that an action sends."""

    def so_far() -> int:
        paths = [path for _, path, _ in service.state()["requests"]]
        return sum(not path.startswith(("/identity/", "/control/", "/metadata/")) for path in paths)

    before = so_far()
    action()
    return so_far() - before


def count_looks(seconds: float) -> int:
    """Return how often a quiet run is asked for its state in this time."""
    now = 0.0
    pace, looks = Pace(Options().poll_s, lambda: now), 0
    while now < seconds:
        looks += pace.is_due("status")
        now += pace.pause_s("status")
    return looks


def run_code(python: Path, code: str, project: Path, service: Loopback) -> Callable[[], object]:
    """Return an action that runs the code in a process. It passes a new number each time, to train a new model."""
    from platformdirs import user_cache_path

    caches = str(user_cache_path("dressage").parent)
    environ = {**os.environ, **service.environ, "XDG_CACHE_HOME": caches, "PYTHONPATH": str(REPOSITORY)}
    numbers = iter(range(1_000_000))

    def run() -> None:
        result = subprocess.run(
            [python, "-c", code, f"0.{next(numbers)}"],
            cwd=project,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert result.returncode == 0, result.stderr

    return run


if __name__ == "__main__":
    main()
