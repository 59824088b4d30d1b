"""Records what a script logs with azureml-core, the SDK of Azure Machine Learning in version 1, in the dressage run.

Outside of Azure, `Run.get_context()` returns an offline run, which only prints. The SDK imports this package through
the entry point `azureml_run_type_providers` when the script imports the SDK. The offline run gets methods that
send metrics and tags to the run's tracking endpoint, and copy images and files to the run's artifacts.

It runs in the script's environment, with the standard library and the SDK: Python 3.6 and later.
"""

import os


def make_run(experiment, description):
    """Required by the entry point. No run in Azure has our type, so nothing calls it."""
    raise NotImplementedError("dressage has no runs in Azure")


if "DRESSAGE_RUN_ID" in os.environ and "MLFLOW_TRACKING_TOKEN" in os.environ:
    from dressage_recorder.runs import extend_offline_run

    extend_offline_run()
