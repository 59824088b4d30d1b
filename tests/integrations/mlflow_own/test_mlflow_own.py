"""MLflow's own tests of its client pass against a run's endpoint, except those listed in `left_out.toml`.

DRESSAGE_MLFLOW_CHECKOUT names a checkout of github.com/mlflow/mlflow. Without it, the tests are skipped.
"""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SUITE = ("tests/tracking/test_rest_tracking.py", "tests/tracking/test_model_registry.py")
LEFT_OUT = tomllib.loads((HERE / "left_out.toml").read_text())
CHECKOUT = os.environ.get("DRESSAGE_MLFLOW_CHECKOUT")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        CHECKOUT is None, reason="DRESSAGE_MLFLOW_CHECKOUT does not name a checkout of MLflow"
    ),
]


@pytest.fixture(scope="module")
def suite_output(python: Path) -> str:
    """Pytest's output for MLflow's suite."""
    words = " and ".join(f"not {word}" for word in LEFT_OUT["not_run"])
    arguments = ["-p", "against_dressage", "-p", "no:cacheprovider", "-q", "--tb=no", "-rA", "-k", words]
    return subprocess.run(
        [python, "-m", "pytest", *arguments, *SUITE],
        cwd=CHECKOUT,
        env={**os.environ, "PYTHONPATH": f"{HERE}:{CHECKOUT}", "DRESSAGE_PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=1500,
    ).stdout


def find_tests(suite_output: str, outcome: str) -> set[str]:
    return set(re.findall(rf"^{outcome}\b.*?::(\w+)", suite_output, re.MULTILINE))


def test_only_listed_tests_fail(suite_output: str):
    assert find_tests(suite_output, "FAILED") | find_tests(suite_output, "ERROR") == set(LEFT_OUT["fail"])


def test_most_of_the_suite_passes(suite_output: str):
    assert len(find_tests(suite_output, "PASSED")) > 40
