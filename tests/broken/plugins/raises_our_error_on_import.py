from dressage import FileDataset

DATASET = FileDataset(name="not a name", sources=())
