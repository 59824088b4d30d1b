"""Each seeded fault of a platform is caught by a named test of the conformance kit."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = Path(__file__).with_name("faulty") / "suite.py"
FAULTS = {
    "a plan writes": "test_a_plan_touches_nothing",
    "a plan creates the target": "test_a_compute_plan_says_what_ensure_does_and_changes_nothing",
    "ensure makes another version each time": "test_the_same_files_are_the_same_version",
    "ensure takes no lock": "test_processes_that_register_at_once_make_one_version",
    "a version is listed before its files are there": "test_a_registration_that_is_killed_anywhere_can_be_repeated",
    "the exit code is swallowed": "test_the_exit_code_is_the_scripts",
    "a signal is an exit code of 1": "test_the_exit_code_after_a_signal_is_128_plus_its_number",
    "a reader that comes back misses a byte": "test_readers_that_come_and_go_get_each_byte_once",
    "the log is decoded as text": "test_output_and_errors_reach_the_log_in_order_and_byte_for_byte",
    "errors of the script are lost": "test_output_and_errors_reach_the_log_in_order_and_byte_for_byte",
    "output is kept back until the end": "test_output_is_not_buffered",
    "arguments are split by a shell": "test_the_script_gets_its_arguments_as_they_were_given",
    "the script starts in an empty folder": "test_it_starts_in_a_writable_copy_of_its_source",
    "a second submission starts the script again": "test_a_run_that_is_submitted_twice_is_one_run",
    "cancel leaves children": "test_cancel_ends_the_scripts_children_too",
    "cancel of an unknown run fails": "test_cancel_of_an_unknown_run_does_nothing",
    "an unknown run is queued": "test_the_status_of_an_unknown_run_is_not_found",
    "a missing file is ignored": "test_a_file_that_does_not_exist_cannot_be_downloaded",
    "a resumed run starts from nothing": "test_a_resumed_run_continues_from_its_checkpoints",
    "slots are ignored": "test_a_target_executes_no_more_runs_at_a_time_than_its_slots",
    "the time limit is ignored": "test_a_time_limit_ends_the_script",
    "a secret is written to a file": "test_a_secret_reaches_the_script_and_no_file_of_the_workspace",
    "an option has no help": "test_options_are_complete_and_documented",
}


def run_kit(test: str, fault: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", str(SUITE), "-k", test, "-n", "0", "-q", "-p", "no:cacheprovider"],
        env={**os.environ, "KIT_FAULT": fault},
        capture_output=True,
        text=True,
        timeout=200,
    )


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_caught_by_a_test(fault: str):
    ran = run_kit(FAULTS[fault], fault)
    assert ran.returncode == 1, ran.stdout
    assert "FAILED" in ran.stdout


@pytest.mark.slow
def test_the_platform_without_a_fault_passes_these_tests():
    ran = run_kit(" or ".join(sorted(set(FAULTS.values()))), "")
    assert ran.returncode == 0, ran.stdout
