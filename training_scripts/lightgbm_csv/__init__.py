"""The training script of lightgbm-csv: `python -m lightgbm_csv`."""
