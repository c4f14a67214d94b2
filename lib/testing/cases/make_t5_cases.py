"""Makes t5_cases.json: what transformers computes with tiny T5s whose weights the tests make anew from
the same formula.

Usage: python make_t5_cases.py > t5_cases.json && deno fmt t5_cases.json
Made with transformers 5.17.0 and torch 2.13.0.
"""

import json

import numpy as np
import torch
from transformers import T5Config, T5ForConditionalGeneration

# All sizes different; more layers in the decoder than in the encoder; pad and start are not 0.
SIZES = {
    "model_type": "t5", "vocab_size": 13, "d_model": 6, "d_kv": 5, "d_ff": 7, "num_layers": 1,
    "num_decoder_layers": 2, "num_heads": 3, "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 10, "dropout_rate": 0.25, "pad_token_id": 2,
    "decoder_start_token_id": 3,
}
CASES = {
    "1.0, the head tied and its input scaled": {**SIZES, "feed_forward_proj": "relu"},
    "1.1, gated, with a head of its own": {
        **SIZES, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False,
    },
}
# The last row of the text is all padding.
INPUTS = {
    "input_ids": [[4, 9, 12, 0, 7, 1, 2], [11, 5, 1, 2, 2, 2, 2], [2, 2, 2, 2, 2, 2, 2]],
    "attention_mask": [[1, 1, 1, 1, 1, 1, 0], [1, 1, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 0, 0]],
    "labels": [[10, 6, 8, 1, -100], [5, -100, 1, -100, -100], [7, 7, 0, 12, 1]],
}
GRADIENTS = [
    "encoder.block.0.layer.0.SelfAttention.v.weight",
    "encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
    "encoder.final_layer_norm.weight",
    "decoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight",
    "decoder.block.1.layer.0.SelfAttention.q.weight",
    "decoder.block.1.layer.1.EncDecAttention.k.weight",
    "decoder.block.1.layer.2.DenseReluDense.wo.weight",
]


def make(config, **options):
    """The i-th parameter holds 0.3 sin(i + 1.7 j); a norm 1 more."""
    raw = T5Config.from_dict(dict(config))
    raw._attn_implementation = options.get("attention", "sdpa")
    model = T5ForConditionalGeneration(raw)
    if config.get("tie_word_embeddings") is False:
        model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.shared.weight))
    with torch.no_grad():
        for index, (_, parameter) in enumerate(model.named_parameters()):
            values = 0.3 * np.sin(index + 1.7 * np.arange(parameter.numel()))
            if parameter.dim() == 1:
                values += 1
            parameter.copy_(torch.tensor(values.astype(np.float32)).reshape(parameter.shape))
    return model.eval()


def rounded(tensor):
    return [float(f"{value:.8g}") for value in tensor.flatten().tolist()]


def order_of_calls(model, inputs):
    """The names of linear layers and dropouts in the order in which a forward pass calls them."""
    linears, dropouts = [], []
    for name, module in model.named_modules():
        if isinstance(module, torch.nn.Linear):
            module.register_forward_pre_hook(lambda *_, name=name: linears.append(name))
        if isinstance(module, torch.nn.Dropout):
            module.register_forward_pre_hook(lambda *_, name=name: dropouts.append(name))
    model(**inputs)
    return linears, dropouts


def with_all_kept(config, inputs):
    """Logits in training when dropout happens to keep everything, and only scales it."""
    original = torch.nn.functional.dropout
    torch.nn.functional.dropout = lambda x, p=0.5, training=True, inplace=False: (
        x / (1 - p) if training else x
    )
    try:
        return make(config, attention="eager").train()(**inputs).logits
    finally:
        torch.nn.functional.dropout = original


def case(config):
    model = make(config)
    inputs = {name: torch.tensor(values) for name, values in INPUTS.items()}
    outputs = model(**inputs)
    # Not with sdpa: for a row that is all padding its backward pass takes weights that sum to the
    # row's length, where those of the forward pass sum to 1.
    eager = make(config, attention="eager")
    eager(**inputs).loss.backward()
    parameters = dict(eager.named_parameters())
    modules = []
    for name, module in model.named_modules():
        sizes = (
            f" {module.in_features} {module.out_features}" if type(module) is torch.nn.Linear else ""
        )
        if name:
            modules.append(f"{name} {type(module).__name__}{sizes}")
    linears, dropouts = order_of_calls(make(config), inputs)
    return {
        "config": config,
        "parameters": {name: list(value.shape) for name, value in parameters.items()},
        "modules": modules,
        "linears": linears,
        "dropouts": dropouts,
        "logits": rounded(outputs.logits),
        "encoder_last_hidden_state": rounded(outputs.encoder_last_hidden_state),
        "loss": float(f"{outputs.loss.item():.8g}"),
        "gradients": {name: rounded(parameters[name].grad) for name in GRADIENTS},
        "logits_with_all_kept": rounded(with_all_kept(config, inputs)),
    }


print(json.dumps({"inputs": INPUTS, "cases": {name: case(config) for name, config in CASES.items()}}))
