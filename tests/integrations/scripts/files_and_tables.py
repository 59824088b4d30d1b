"""Plain MLflow: artifacts of every kind, listed and read back."""

from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

figure = Figure()
figure.subplots().plot([1, 2, 3])
Path("folder/deep").mkdir(parents=True)
Path("folder/top.bin").write_bytes(bytes(1000))
Path("folder/deep/leaf.txt").write_text("leaf")

with mlflow.start_run(run_name="files") as run:
    mlflow.log_table({"question": ["a", "b"], "answer": [1, 2]}, "answers.json")
    mlflow.log_table(pd.DataFrame({"question": ["c"], "answer": [3]}), "answers.json")
    mlflow.log_dict({"a": 1, "nested": {"b": [1, 2]}}, "config.yaml")
    mlflow.log_text("hello", "notes/hello.txt")
    mlflow.log_figure(figure, "plots/line.png")
    mlflow.log_image(np.zeros((4, 4, 3), dtype=np.uint8), "black.png")
    mlflow.log_artifact("folder/top.bin", artifact_path="binary")
    mlflow.log_artifacts("folder", artifact_path="tree")
    for folder in ("", "tree", "tree/deep"):
        listed = mlflow.MlflowClient().list_artifacts(run.info.run_id, folder)
        mlflow.set_tag(f"in {folder or 'all'}", [(file.path, file.is_dir, file.file_size) for file in listed])
    mlflow.log_param("hello", mlflow.artifacts.load_text(mlflow.get_artifact_uri("notes/hello.txt")))
    mlflow.log_metric("answers", mlflow.load_table("answers.json")["answer"].sum())
