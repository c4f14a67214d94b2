"""Makes a reference case with Hugging Face PEFT: a tiny random base model, a Poly or (IA)³ adapter on
it, and what PEFT computes with both. The TypeScript tests reproduce the numbers.

Usage: python make_peft_case.py OUT_DIR SPEC_JSON

SPEC_JSON: {"model_type": "t5", "llama" or another decoder's, "config": {...}, "poly": {...},
            "seed": 0, "batch": 5, "length": 7, "target_length": 6, "steps": 3}
           with "ia3" in place of "poly" for an (IA)³ adapter, which has one task; "weight_decay" 0.01
"""

import json
import os
import sys

import torch
from peft import IA3Config, PolyConfig, get_peft_model
from safetensors.torch import save_file
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForSeq2SeqLM

out, spec = sys.argv[1], json.loads(sys.argv[2])
torch.manual_seed(spec["seed"])
torch.set_num_threads(1)
seq2seq = spec["model_type"] == "t5"

config = AutoConfig.for_model(spec["model_type"], **spec["config"])
Auto = AutoModelForSeq2SeqLM if seq2seq else AutoModelForCausalLM
base = Auto.from_config(config)
with torch.no_grad():
    for name, parameter in base.named_parameters():
        if parameter.dim() == 1:  # norms and biases: away from 1 and 0
            parameter.add_(0.3 * torch.randn_like(parameter))
        elif not seq2seq:  # the default scale of 0.02 would leave all logits nearly equal
            parameter.mul_(8)
if spec.get("untie"):
    base.lm_head.weight = torch.nn.Parameter(torch.randn_like(base.lm_head.weight))
base.save_pretrained(f"{out}/base")
if spec.get("untie"):  # transformers leaves tied names out when it saves
    from safetensors.torch import load_file

    tensors = load_file(f"{out}/base/model.safetensors")
    tensors["lm_head.weight"] = base.lm_head.weight.detach().clone()
    save_file(tensors, f"{out}/base/model.safetensors", metadata={"format": "pt"})

task_type = "SEQ_2_SEQ_LM" if seq2seq else "CAUSAL_LM"
if "ia3" in spec:
    adapter = IA3Config(task_type=task_type, **spec["ia3"])
else:
    adapter = PolyConfig(task_type=task_type, init_weights=False, **spec["poly"])
model = get_peft_model(base, adapter)
with torch.no_grad():
    for name, parameter in model.named_parameters():
        if name.endswith("module_logits"):
            parameter.copy_(1.5 * torch.randn_like(parameter))
        elif "modules_to_save" in name:
            parameter.add_(0.2 * torch.randn_like(parameter))
        elif "ia3_l" in name:
            parameter.add_(0.4 * torch.randn_like(parameter))
model.save_pretrained(f"{out}/adapter")

B, L, M, V = spec["batch"], spec["length"], spec["target_length"], config.vocab_size
input_ids = torch.randint(3, V, (B, L))
attention_mask = torch.ones(B, L, dtype=torch.long)
for row in range(1, B):
    pad = int(torch.randint(0, L - 2, (1,)))
    if pad and seq2seq:
        attention_mask[row, L - pad :] = 0
    elif pad:
        attention_mask[row, :pad] = 0
input_ids[attention_mask == 0] = config.pad_token_id or 0
if seq2seq:
    labels = torch.randint(3, V, (B, M))
    labels[1, -2:] = -100
else:
    labels = input_ids.clone()
    labels[attention_mask == 0] = -100
task_ids = torch.randint(0, getattr(adapter, "n_tasks", 1), (B,))
routed = {} if "ia3" in spec else {"task_ids": task_ids}
batch = {"input_ids": input_ids, "attention_mask": attention_mask}
expected = {**batch, "labels": labels, "task_ids": task_ids}


def weights():
    """Trained tensors by the names they have in a saved adapter."""
    return {
        name.replace(".modules_to_save.default", "").replace(".default", ""): parameter
        for name, parameter in model.named_parameters()
        if parameter.requires_grad
    }


model.eval()
result = model(**batch, labels=labels, **routed)
result.loss.backward()
expected["logits"], expected["loss"] = result.logits, result.loss.reshape(1)
if seq2seq:
    expected["encoder_last_hidden_state"] = result.encoder_last_hidden_state
for name, parameter in weights().items():
    expected[f"grad/{name}"] = parameter.grad.clone()
model.zero_grad(set_to_none=True)
with torch.no_grad():
    with model.disable_adapter():
        expected["base_logits"] = model(**batch, labels=labels).logits
    options = {"max_new_tokens": 8, "do_sample": False}
    expected["greedy"] = model.generate(**batch, **routed, min_new_tokens=3, **options)
    beams = {"num_beams": 3, "length_penalty": 1.0, **options}
    repeated = task_ids.repeat_interleave(3)
    if "ia3" in spec:
        expected["beam3"] = model.generate(**batch, **beams)
    elif seq2seq:
        # PEFT gives its encoder and its decoder the same task ids, which cannot fit both.
        hooks = model.base_model._manage_pre_hooks
        with hooks(task_ids):
            encoded = model.base_model.model.get_encoder()(**batch)
        expected["beam3"] = model.generate(
            encoder_outputs=encoded, attention_mask=attention_mask, task_ids=repeated, **beams
        )
    else:
        expected["beam3"] = model.generate(**batch, task_ids=repeated, **beams)

# PEFT's disable_adapter() sets requires_grad on everything; here everything is meant to train.
settings = {"lr": 0.01, "betas": [0.9, 0.999], "eps": 1e-8, "weight_decay": spec.get("weight_decay", 0.01)}
optimizer = torch.optim.AdamW(weights().values(), **settings)
draws, rand = [], torch.rand


def recording_rand(*args, **kwargs):
    draws.append(rand(*args, **kwargs))
    return draws[-1]


order = []
for name, module in model.named_modules():
    if module.__class__.__name__ == "PolyRouter":
        module.register_forward_hook(
            lambda *_, name=name: order.append(name.removesuffix(".poly_router.default"))
        )
model.train()
losses = []
for step in range(spec["steps"]):
    draws.clear()
    order.clear()
    torch.rand = recording_rand
    loss = model(**batch, labels=labels, **routed).loss
    torch.rand = rand
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
    for i, draw in enumerate(draws):
        expected[f"noise/{step}/{i}"] = draw.clone()
expected["train_losses"] = torch.tensor(losses)
for name, parameter in weights().items():
    expected[f"after/{name}"] = parameter.detach().clone()

os.makedirs(out, exist_ok=True)
save_file(
    {
        name: (value.int() if value.dtype == torch.int64 else value.detach()).contiguous()
        for name, value in expected.items()
    },
    f"{out}/expected.safetensors",
)
trainable, total = model.get_nb_trainable_parameters()
with open(f"{out}/case.json", "w") as file:
    case = {
        "seq2seq": seq2seq,
        **{method: spec[method] for method in ("poly", "ia3") if method in spec},
        "noise_order": order,
        "trainable_parameters": trainable,
        "all_parameters": total,
        "optimizer": {"name": "AdamW", **settings},
        "steps": spec["steps"],
    }
    json.dump(case, file, indent=2)
