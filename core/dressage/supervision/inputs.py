"""What a run reads, while a supervisor runs its script: verified before and after, or copied for the run."""

from pathlib import Path
from typing import TYPE_CHECKING

from dressage.errors import StageError
from dressage.files.disk import describe
from dressage.records.run_folder import RunFolder
from dressage.supervision.launch import Launch

if TYPE_CHECKING:
    from dressage.records.requests import Submission
    from dressage.storage.verification import Seen


class Inputs:
    """The datasets of one attempt. Methods return what is wrong in one line, or None: a supervisor must go on."""

    def __init__(self, folder: RunFolder, launch: Launch) -> None:
        from dressage.records.workspace import Workspace

        self._folder = folder
        self._workspace = Workspace(Path(launch.workspace))
        self._copies = launch.inputs == "copy"
        self._seen: Seen | None = None

    def prepare(self) -> str | None:
        """Verify the datasets, and copy them for the run if its platform wants that. Called before the script."""
        from dressage.storage.input_copies import copy_inputs
        from dressage.storage.verification import verify_inputs, verify_inputs_after

        try:
            submission = self._submission()
            self._seen = verify_inputs(self._workspace, submission)
            if self._copies:
                copy_inputs(self._workspace, submission, self._folder.inputs)
                verify_inputs_after(self._workspace, submission, self._seen)  # nothing changed meanwhile
        except Exception as error:  # the run's end must be recorded after any error
            return describe(error)
        return None

    def check(self) -> str | None:
        """Check that the script read what was registered. Called when it has succeeded, before the registration."""
        from dressage.storage.verification import verify_inputs_after

        if self._copies or self._seen is None:  # it read its own copies, which nobody else could change
            return None
        try:
            verify_inputs_after(self._workspace, self._submission(), self._seen)
        except Exception as error:  # the run's end must be recorded after any error
            return describe(error)
        return None

    def release(self) -> None:
        """Remove the run's own copies. Called when the script has ended."""
        if self._copies:
            from dressage.storage.input_copies import remove_input_copies

            remove_input_copies(self._folder.inputs)

    def _submission(self) -> "Submission":
        submission = self._folder.refresh().the_submission()
        if submission is None:
            raise StageError("dataset", "the run's journal has no request; start a new run with --again")
        return submission
