"""Train in an Azure Machine Learning workspace, through the azureml-core SDK.

Entry point: azureml = "dressage_azureml.plugin". The SDK runs in a worker process with a separate environment, whose
code is in worker/. The other modules run with dressage and call the worker.
"""
