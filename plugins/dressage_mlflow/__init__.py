"""Copy what runs record to an MLflow tracking server or a SQLite store.

Entry point: mlflow = "dressage_mlflow.plugin". MLflow's client runs in a worker process with a separate environment,
whose code is in worker/. The other modules run with dressage and call the worker.
"""
