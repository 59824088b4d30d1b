import os
import pathlib
import sys

rows = pathlib.Path(sys.argv[2], "rows.csv").read_text()
model = pathlib.Path("outputs/model")
model.mkdir(parents=True)
(model / "weights.txt").write_text(f"{len(rows)} {sys.argv[4]} {os.environ['ACCELERATOR']}")
sys.stdout.write("trained\n")
