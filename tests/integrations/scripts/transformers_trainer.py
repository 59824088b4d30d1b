"""Hugging Face Trainer with a tiny model built from a configuration, and report_to="mlflow"."""

import torch
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed

set_seed(0)
words = torch.randint(1, 50, (48, 8), generator=torch.Generator().manual_seed(0))
data = [{"input_ids": row, "labels": int(row[0] > 25)} for row in words]
config = BertConfig(
    vocab_size=50, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
)
arguments = TrainingArguments(
    output_dir="checkpoints",
    num_train_epochs=2,
    per_device_train_batch_size=8,
    logging_steps=2,
    eval_strategy="epoch",
    save_strategy="no",
    report_to="mlflow",
    run_name="tiny-bert",
    seed=0,
    use_cpu=True,
    disable_tqdm=True,
)
trainer = Trainer(
    model=BertForSequenceClassification(config),
    args=arguments,
    train_dataset=data[:32],
    eval_dataset=data[32:],
)
trainer.train()
