"""What is made of what uv says."""

from dressage.environments.failures import next_step, summarize


def test_errors_drawn_with_arrows_are_read_too():
    said = "  \u00d7 No solution found when resolving dependencies:\n"
    said += "  ╰─▶ Because a was not found\n      and b, no.\n"
    assert (
        summarize(said) == "No solution found when resolving dependencies: Because a was not found and b, no"
    )


def test_a_full_disk_asks_for_room():
    assert next_step("error: Failed\n  cause: No space left on device (os error 28)").startswith(
        "free some space"
    )
