"""The training scripts for MNIST alone, without a platform or a tracking server."""

import hashlib
import re
import signal
import subprocess

import pytest
from tests.training_scripts.conftest import ByHand

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

KILLER = """
import os, signal, sys

def kill(event, arguments, seen=[]):
    if event == "os.rename" and str(arguments[1]).endswith("checkpoint.npz"):
        seen.append(event)
        if len(seen) == int(os.environ["KILLED_AT"]):
            os.kill(os.getpid(), signal.SIGKILL)

if "KILLED_AT" in os.environ:
    sys.addaudithook(kill)
"""
"""A module that Python imports when it starts: it kills the process just before it replaces its n-th checkpoint."""
CHECKPOINTS = "outputs/checkpoints"


def digests_of(by_hand: ByHand, folder: str) -> dict[str, str]:
    model = by_hand.folder(folder) / "outputs/model"
    return {name: hashlib.sha256((model / name).read_bytes()).hexdigest() for name in by_hand.guest.model}


def accuracy_of(result: subprocess.CompletedProcess[str]) -> float:
    assert result.returncode == 0, result.stderr
    accuracy = re.search(r"final test accuracy ([\d.]+)", result.stdout)
    assert accuracy, result.stdout
    return float(accuracy[1])


def test_the_digits_are_learned_to_95_percent(by_hand: ByHand):
    assert accuracy_of(by_hand.run()) >= 0.95


def test_the_same_seed_gives_the_same_bytes_and_another_seed_gives_others(by_hand: ByHand):
    for folder, seed in (("one", "1"), ("same", "1"), ("other", "2")):
        by_hand.run("--epochs", "2", "--seed", seed, folder=folder)
    assert digests_of(by_hand, "one") == digests_of(by_hand, "same") != digests_of(by_hand, "other")


def test_training_that_is_killed_at_each_epoch_ends_with_the_same_bytes(by_hand: ByHand):
    by_hand.run("--epochs", "4", folder="whole")
    (by_hand.folder("killer") / "sitecustomize.py").write_text(KILLER)
    killing = {"PYTHONPATH": str(by_hand.folder("killer")), "KILLED_AT": "2"}
    for done in range(4):
        variables = {"DRESSAGE_RESUME_FROM": CHECKPOINTS} if done else {}
        result = by_hand.run("--epochs", "4", **variables, **(killing if done < 3 else {}))
        assert result.returncode == (-signal.SIGKILL if done < 3 else 0), result.stderr
        assert (f"resuming after epoch {done}" in result.stdout) == bool(done)
    assert digests_of(by_hand, "work") == digests_of(by_hand, "whole")


def test_training_that_is_killed_in_the_middle_of_an_epoch_ends_with_the_same_bytes(by_hand: ByHand):
    """The kill comes at any moment of a later epoch."""
    arguments = ("--batch-size", "10", "--epochs", "20")
    by_hand.run(*arguments, folder="whole")
    for line, process in by_hand.lines(*arguments):
        if line.startswith("epoch  2/20"):
            process.kill()
    assert process.returncode == -signal.SIGKILL
    result = by_hand.run(*arguments, DRESSAGE_RESUME_FROM=CHECKPOINTS)
    assert "resuming after epoch" in result.stdout, result.stderr
    assert digests_of(by_hand, "work") == digests_of(by_hand, "whole")


@pytest.mark.parametrize("guest", ["jax"], indirect=True)
def test_a_checkpoint_of_other_settings_is_refused(by_hand: ByHand):
    by_hand.run("--epochs", "1")
    result = by_hand.run("--batch-size", "25", DRESSAGE_RESUME_FROM=CHECKPOINTS)
    assert result.returncode == 2
    assert "was made with batch_size 50, not 25" in result.stderr
