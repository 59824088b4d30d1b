"""Describe how a submission is started on this machine."""

from dressage.files.permissions import umask_of_user
from dressage.records.requests import Submission
from dressage.records.workspace import Workspace
from dressage.supervision.launch import Launch, command_of
from dressage_local.options import Options
from dressage_local.queues import gpus_of


def launch_of(workspace: Workspace, submission: Submission, options: Options) -> Launch:
    """Return what the supervisor of the submission needs. Raises the errors of `command_of`."""
    request, compute = submission.request, submission.request.compute
    copies = workspace.run(request.run_id).inputs if options.inputs == "copy" else None
    command = command_of(workspace, submission, copies)
    gpus = _count_gpus(submission, options)
    hidden = {"CUDA_VISIBLE_DEVICES": ""} if gpus == 0 else {}
    return Launch(
        run_id=request.run_id,
        attempt=submission.attempt,
        experiment=request.experiment,
        name=request.name or request.run_id,
        argv=command.argv,
        path=str(command.python.parent),
        variables={**hidden, **command.variables},
        secrets=list(request.environment.secrets),
        compute=submission.compute.name,
        slots=submission.compute.slots,
        gpus=gpus or None,
        memory_mib=compute.memory_mib,
        cpus=compute.cpus,
        source=str(request.snapshot.directory),
        checkpoints=request.script.checkpoint_path,
        grace_s=options.grace_s,
        time_limit_s=compute.time_limit_s,
        retries=request.retries,
        registers=request.model.name is not None,
        inputs=options.inputs if submission.datasets else "none",
        workspace=str(workspace.root),
        umask=umask_of_user(),
        log_limit=None if options.log_limit_mb is None else int(options.log_limit_mb * 1_000_000),
    )


def _count_gpus(submission: Submission, options: Options) -> int | None:
    """Return how many GPUs the run is given; None on a machine without GPUs. A run that does not say shares them."""
    if submission.request.compute.gpus:
        return submission.request.compute.gpus
    gpus = gpus_of(options)
    if not gpus:
        return None
    return 0 if submission.compute.accelerator == "cpu" else max(1, len(gpus) // submission.compute.slots)
