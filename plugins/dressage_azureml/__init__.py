"""Train in an Azure Machine Learning workspace, through the azureml-core SDK.

Entry point: azureml = "dressage_azureml.plugin". The SDK runs in a worker with an environment of its own; what is
there lies in worker/. Everything else here runs with dressage and only calls it.
"""
