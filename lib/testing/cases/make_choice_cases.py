"""Makes choice_cases.json: how likely transformers' models find answer choices, and T-Few's losses over
them in PyTorch. Each answer is computed alone, without padding. The weights are made anew from formulas.

Usage: python make_choice_cases.py > choice_cases.json && deno fmt choice_cases.json
Made with transformers 5.17.0 and torch 2.13.0.
"""

import json

import numpy as np
import torch
import torch.nn.functional as F
from transformers import LlamaConfig, LlamaForCausalLM, T5Config, T5ForConditionalGeneration

T5 = {
    "model_type": "t5", "vocab_size": 13, "d_model": 6, "d_kv": 5, "d_ff": 7, "num_layers": 1,
    "num_decoder_layers": 2, "num_heads": 3, "relative_attention_num_buckets": 8,
    "relative_attention_max_distance": 10, "dropout_rate": 0, "pad_token_id": 2, "eos_token_id": 1,
    "decoder_start_token_id": 3, "feed_forward_proj": "gated-gelu", "tie_word_embeddings": False,
}
LLAMA = {
    "model_type": "llama", "vocab_size": 17, "hidden_size": 12, "intermediate_size": 10,
    "num_hidden_layers": 2, "num_attention_heads": 3, "num_key_value_heads": 1,
    "max_position_embeddings": 64, "pad_token_id": 2, "eos_token_id": 1, "tie_word_embeddings": False,
}
# Inputs, choices (of different lengths, of which one begins another), and the place of the right one.
EXAMPLES = [
    {"input": [4, 9, 12, 0, 7], "choices": [[5, 6], [5, 6, 11, 8], [10]], "right": 1},
    {"input": [11, 5], "choices": [[7, 7, 0, 12], [9]], "right": 0},
    {"input": [8, 8, 3, 4], "choices": [[6], [4], [12, 5], [0, 10, 11]], "right": 3},
]
END = 1  # after every input of an encoder-decoder, and after every choice
WEIGHTS = {"unlikelihood": 0.75, "length_normalised_choice": 1.5}


def filled(model):
    """The i-th parameter holds 0.6 sin(i + 1.7 j); a norm 1 more."""
    with torch.no_grad():
        for index, (name, parameter) in enumerate(model.named_parameters()):
            values = 0.6 * np.sin(index + 1.7 * np.arange(parameter.numel())) + (parameter.dim() == 1)
            parameter.copy_(torch.tensor(values.astype(np.float32)).reshape(parameter.shape))
    return model.eval()


def t5():
    model = T5ForConditionalGeneration(T5Config.from_dict(dict(T5)))
    model.lm_head.weight = torch.nn.Parameter(torch.empty_like(model.shared.weight))
    return filled(model)


def tokens_of_t5(model, text, choice):
    logits = model(input_ids=torch.tensor([text + [END]]), labels=torch.tensor([choice + [END]])).logits[0]
    return F.log_softmax(logits, -1)[range(len(choice) + 1), choice + [END]]


def tokens_of_llama(model, text, choice):
    answer = choice + [END]
    logits = model(input_ids=torch.tensor([text + answer])).logits[0, len(text) - 1:-1]
    return F.log_softmax(logits, -1)[range(len(answer)), answer]


def case(config, model, tokens_of, weight):
    tokens = [[tokens_of(model, e["input"], c) for c in e["choices"]] for e in EXAMPLES]
    right = torch.cat([rows[e["right"]] for rows, e in zip(tokens, EXAMPLES)])
    wrong = torch.cat([t for rows, e in zip(tokens, EXAMPLES) for i, t in enumerate(rows) if i != e["right"]])
    lm = -right.mean()
    unlikelihood = -torch.log(1 - wrong.exp() + 0.01).mean()
    choice = torch.stack([
        F.cross_entropy(torch.stack([t.mean() for t in rows])[None], torch.tensor([e["right"]]))
        for rows, e in zip(tokens, EXAMPLES)
    ]).mean()
    loss = lm + WEIGHTS["unlikelihood"] * unlikelihood + WEIGHTS["length_normalised_choice"] * choice
    loss.backward()
    return {
        "config": config,
        "parameters": [[name, list(p.shape)] for name, p in model.named_parameters()],
        "likelihoods": [[round(t.mean().item(), 7) for t in rows] for rows in tokens],
        "losses": {"lm": lm.item(), "unlikelihood": unlikelihood.item(), "choice": choice.item(), "all": loss.item()},
        "weight": weight,
        "gradient": [float(f"{v:.8g}") for v in model.get_parameter(weight).grad.flatten().tolist()],
    }


print(json.dumps({
    "examples": EXAMPLES, "weights": WEIGHTS,
    "cases": {
        "t5": case(T5, t5(), tokens_of_t5, "decoder.block.1.layer.0.SelfAttention.v.weight"),
        "llama": case(LLAMA, filled(LlamaForCausalLM(LlamaConfig.from_dict(dict(LLAMA)))), tokens_of_llama,
                      "model.layers.0.self_attn.q_proj.weight"),
    },
}))
