"""Loads adapters in PEFT and prints, as JSON, the logits they give and whatever Python warned of.

Arguments: the base model's folder, and a JSON request:
    seq2seq: bool
    adapters: {name: folder}; the first is loaded with PeftModel.from_pretrained, the others with
        load_adapter
    batch: {input_ids, attention_mask, labels}
    task_ids: list, or null for adapters that have none
    save_to: optional folder into which PEFT saves everything again
Prints {"logits": {name: nested list}, "warnings": [text], "trainable": number of parameters}.
"""

import json
import logging
import sys
import warnings

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoModelForSeq2SeqLM


class Collector(logging.Handler):
    def __init__(self, texts):
        super().__init__(logging.WARNING)
        self.texts = texts

    def emit(self, record):
        self.texts.append(record.getMessage())


base_dir, request = sys.argv[1], json.loads(sys.argv[2])
auto = AutoModelForSeq2SeqLM if request["seq2seq"] else AutoModelForCausalLM
base = auto.from_pretrained(base_dir)
base.eval()

texts = []
collector = Collector(texts)
for name in [None, "peft", "transformers", "huggingface_hub"]:
    logging.getLogger(name).addHandler(collector)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    (first, folder), *others = request["adapters"].items()
    model = PeftModel.from_pretrained(base, folder, adapter_name=first)
    for name, folder in others:
        result = model.load_adapter(folder, name)
        texts += [f"missing: {key}" for key in result.missing_keys]
        texts += [f"unexpected: {key}" for key in result.unexpected_keys]
    batch = {key: torch.tensor(value) for key, value in request["batch"].items()}
    if request["task_ids"] is not None:
        batch["task_ids"] = torch.tensor(request["task_ids"])
    logits = {}
    for name in request["adapters"]:
        model.set_adapter(name, inference_mode=True)
        with torch.no_grad():
            logits[name] = model(**batch).logits.tolist()
    if "save_to" in request:
        model.save_pretrained(request["save_to"])

texts += [str(warning.message) for warning in caught]
trainable, _ = model.get_nb_trainable_parameters()
print(json.dumps({"logits": logits, "warnings": texts, "trainable": trainable}))
