"""Makes llama_cases.json: what transformers computes with tiny models whose weights the tests make
anew from the same formula.

Usage: python make_llama_cases.py > llama_cases.json && deno fmt llama_cases.json
Made with transformers 5.17.0 and torch 2.13.0.
"""

import json

import torch
import transformers

COLUMNS = 5  # of the vocabulary, enough to tell logits apart; the loss depends on all of them

SIZES = {
    "vocab_size": 29,
    "num_hidden_layers": 3,
    "max_position_embeddings": 64,
    "pad_token_id": 0,
    "eos_token_id": 28,
    "rms_norm_eps": 1e-5,
}
CASES = {
    "mistral, its window shorter than the text, heads wider than their share": {
        **SIZES, "model_type": "mistral", "hidden_size": 24, "intermediate_size": 20,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "sliding_window": 3,
        "rope_parameters": {"rope_type": "default", "rope_theta": 50.0},
    },
    "llama, scaled as llama3, with biases and one head of keys": {
        **SIZES, "model_type": "llama", "hidden_size": 30, "intermediate_size": 22, "hidden_act": "gelu",
        "num_attention_heads": 5, "num_key_value_heads": 1, "attention_bias": True, "mlp_bias": True,
        "rope_theta": 20.0,
        "rope_scaling": {
            "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
            "original_max_position_embeddings": 32,
        },
    },
    "qwen2, the last layers with a window, scaled linearly": {
        **SIZES, "model_type": "qwen2", "hidden_size": 24, "intermediate_size": 14,
        "num_attention_heads": 6, "num_key_value_heads": 3, "use_sliding_window": True,
        "sliding_window": 4, "max_window_layers": 1, "rope_theta": 30.0,
        "rope_scaling": {"type": "linear", "factor": 2.5},
    },
    "qwen3, its heads normalised, scaled as yarn": {
        **SIZES, "model_type": "qwen3", "hidden_size": 18, "intermediate_size": 10, "num_hidden_layers": 2,
        "num_attention_heads": 3, "num_key_value_heads": 1, "head_dim": 8, "attention_bias": True,
        "rope_theta": 40.0, "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "beta_fast": 2.0,
                                             "original_max_position_embeddings": 16},
    },
    # PyTorch's fused attention passes over the bound of the scores, so the case has none.
    "gemma2, its window in every second layer, logits bounded": {
        **SIZES, "model_type": "gemma2", "hidden_size": 16, "intermediate_size": 12,
        "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 6, "sliding_window": 3,
        "query_pre_attn_scalar": 9, "tie_word_embeddings": False, "attn_logit_softcapping": None, "final_logit_softcapping": 2.0,
    },
    "gemma3, another rotary embedding where there is a window": {
        **SIZES, "model_type": "gemma3_text", "hidden_size": 20, "intermediate_size": 14, "num_hidden_layers": 2,
        "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 12, "sliding_window": 4,
        "sliding_window_pattern": 2, "tie_word_embeddings": False, "rope_theta": 60.0,
        "rope_local_base_freq": 15.0, "rope_scaling": {"rope_type": "linear", "factor": 3.0},
    },
    "phi3, fused, half of each head turns, scaled as longrope": {
        **SIZES, "model_type": "phi3", "hidden_size": 32, "intermediate_size": 11, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 2, "partial_rotary_factor": 0.5,
        "original_max_position_embeddings": 40, "rope_theta": 35.0,
        "rope_scaling": {"type": "longrope", "short_factor": [1.0, 1.2], "long_factor": [1.5, 3.0],
                         "original_max_position_embeddings": 40},
    },
}


def fill(index, size):
    """Numbers in [-0.5, 0.5) from a congruential generator seeded with the parameter's index."""
    state, values = index + 1, []
    for _ in range(size):
        state = (state * 1664525 + 1013904223) % 2**32
        values.append((state >> 8) / 2**24 - 0.5)
    return torch.tensor(values, dtype=torch.float64)


def make(config):
    config = transformers.AutoConfig.for_model(**json.loads(json.dumps(config)))
    model = transformers.AutoModelForCausalLM.from_config(config).eval()
    with torch.no_grad():
        for index, (name, parameter) in enumerate(model.named_parameters()):
            values = fill(index, parameter.numel()).reshape(parameter.shape)
            parameter.copy_((values + 1 if name.endswith("norm.weight") else values).float())
    return model


def numbers(tensor):
    return [float(f"{value:.8g}") for value in tensor.flatten().tolist()]


out = {}
for title, config in CASES.items():
    model = make(config)
    ids = torch.tensor([[9, 4, 21, 17, 3, 12, 26], [0, 0, 5, 11, 27, 2, 8], [0, 0, 0, 0, 0, 14, 7]])
    mask = (ids != 0).long()
    labels = torch.where(mask == 1, ids, -100)
    labels[0, 2] = -100
    result = model(input_ids=ids, attention_mask=mask, labels=labels)
    result.loss.backward()
    attention = model.model.layers[0].self_attn
    projection = attention.k_proj if hasattr(attention, "k_proj") else attention.qkv_proj
    generated = model.generate(
        ids, attention_mask=mask, max_new_tokens=4, do_sample=False, eos_token_id=None,
        output_logits=True, return_dict_in_generate=True,
    )
    out[title] = {
        "config": config,
        "input_ids": ids.tolist(),
        "attention_mask": mask.tolist(),
        "labels": labels.tolist(),
        "loss": numbers(result.loss)[0],
        "gradient": numbers(projection.weight.grad[:2]),
        "logits": numbers(result.logits[..., :COLUMNS]),
        "greedy": generated.sequences[:, ids.shape[1]:].tolist(),
        "step_logits": [numbers(step[..., :COLUMNS]) for step in generated.logits],
        "parameters": [[name, list(p.shape)] for name, p in model.named_parameters()],
        "modules": [[name, type(m).__name__] for name, m in model.named_modules() if name],
    }
print(json.dumps({"columns": COLUMNS, "cases": out}))
