"""Loads adapters in PEFT and prints, as JSON, the logits they give and whatever Python warned of.

Arguments: the base model's folder, and a JSON request:
    seq2seq: bool
    batch: {input_ids, attention_mask, labels}
    groups: list of adapters that go onto one model
        adapters: {name: folder}; the first is loaded with PeftModel.from_pretrained, the others with
            load_adapter
        task_ids: list, or null for adapters that have none
        save_to: optional folder into which PEFT saves everything again
Prints {"groups": [{name: logits as a nested list}], "base": logits, "warnings": [text]}.
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
batch = {key: torch.tensor(value) for key, value in request["batch"].items()}
texts = []
for name in [None, "peft", "transformers", "huggingface_hub"]:
    logging.getLogger(name).addHandler(Collector(texts))


@torch.no_grad()
def run(group):
    (first, folder), *others = group["adapters"].items()
    model = PeftModel.from_pretrained(auto.from_pretrained(base_dir), folder, adapter_name=first)
    for name, folder in others:
        result = model.load_adapter(folder, name)
        # PEFT also lists keys of adapters whose names contain this one's.
        texts.extend(f"missing: {key}" for key in result.missing_keys if name in key.split("."))
        texts.extend(f"unexpected: {key}" for key in result.unexpected_keys)
    ids = {} if group["task_ids"] is None else {"task_ids": torch.tensor(group["task_ids"])}
    logits = {}
    for name in group["adapters"]:
        model.set_adapter(name, inference_mode=True)
        logits[name] = model(**batch, **ids).logits.tolist()
    if "save_to" in group:
        model.save_pretrained(group["save_to"])
    return logits


with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    groups = [run(group) for group in request["groups"]]
    with torch.no_grad():
        base = auto.from_pretrained(base_dir).eval()(**batch).logits.tolist()
texts += [str(warning.message) for warning in caught]
print(json.dumps({"groups": groups, "base": base, "warnings": texts}))
