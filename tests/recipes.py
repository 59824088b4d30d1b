"""A small recipe whose training is real but fast: its model is a digest of data and arguments."""

from dataclasses import dataclass
from pathlib import Path

from dressage import (
    ComputeTarget,
    DatasetFolder,
    Environment,
    FileDataset,
    Model,
    Script,
    Source,
    hookimpl,
    setting,
)
from dressage.results.events import RunCreated

SCRIPT = """\
import argparse, hashlib, os, pathlib, time

parser = argparse.ArgumentParser()
parser.add_argument("--data", type=pathlib.Path)
parser.add_argument("--rate")
parser.add_argument("--hold", type=pathlib.Path)
options = parser.parse_args()

state = pathlib.Path(os.environ.get("DRESSAGE_RESUME_FROM", "nowhere"), "step")
first = int(state.read_text()) + 1 if state.exists() else 0
checkpoints = pathlib.Path("outputs/checkpoints")
checkpoints.mkdir(exist_ok=True)
for step in range(first, 4):
    print("step", step, flush=True)
    (checkpoints / "next").write_text(str(step))
    (checkpoints / "next").replace(checkpoints / "step")  # a kill leaves a complete file
    while options.hold and step == 1 and options.hold.exists():
        time.sleep(0.02)
pathlib.Path("outputs/model").mkdir(exist_ok=True)
data = b"".join(path.read_bytes() for path in sorted(options.data.iterdir()))
digest = hashlib.sha256(data + options.rate.encode()).hexdigest()
pathlib.Path("outputs/model/weights").write_text(digest)
"""


@dataclass(frozen=True, kw_only=True)
class Settings:
    rate: str = setting("0.1", help="the learning rate")
    slots: int = setting(4, help="runs at a time", minimum=1)
    hold: str | None = setting(None, help="training waits at step 1 while this file exists")


class Tiny:
    """The recipe. Its folder contains script and data, which tests change."""

    def __init__(self, folder: Path) -> None:
        self.source = folder / "tiny"
        self.data = folder / "data.csv"
        if not self.source.exists():
            self.source.mkdir()
            (self.source / "train.py").write_text(SCRIPT)
            self.data.write_text("1,2,3\n")
        self.conda: str | None = None
        self.variables: dict[str, str] = {}

    def lose_data(self, event: object) -> None:
        """A listener that deletes the data when the run has been planned, so that its first stage fails."""
        if isinstance(event, RunCreated):
            self.data.unlink()

    @hookimpl
    def settings(self) -> type:
        return Settings

    @hookimpl
    def dataset(self) -> FileDataset:
        return FileDataset(name="numbers", sources=(Source(path="data.csv", addresses=(str(self.data),)),))

    @hookimpl
    def compute(self, settings: Settings) -> ComputeTarget:
        return ComputeTarget(name="small", slots=settings.slots)

    @hookimpl
    def environment(self) -> Environment:
        return Environment(name="tiny-env", conda=self.conda, variables=self.variables)

    @hookimpl
    def model(self, settings: Settings) -> Model:
        hold = ("--hold", settings.hold) if settings.hold else ()
        return Model(
            name="tiny",
            script=Script(
                directory=self.source,
                file="train.py",
                arguments=("--data", DatasetFolder(), "--rate", settings.rate, *hold),
            ),
        )
