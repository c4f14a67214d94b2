"""Makes random small decoders in a folder, a Poly adapter on each, and prints as JSON what transformers and
PEFT compute with them.

Usage: python random_decoders.py FOLDER COUNT SEED

COUNT models of each kind. A kind is a model type, or a way of scaling the rotary embedding.
"""

import json
import random
import sys
import warnings

import torch
import transformers
from peft import PolyConfig, get_peft_model
from transformers import AutoConfig, AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
warnings.filterwarnings("ignore")
torch.set_num_threads(1)


def sizes(r):
    heads = r.choice([1, 2, 3, 4])
    V = r.randint(11, 31)
    return {
        "vocab_size": V,
        "hidden_size": heads * r.choice([6, 8, 10]),
        "intermediate_size": r.randint(5, 24),
        "num_hidden_layers": r.randint(1, 4),
        "num_attention_heads": heads,
        "num_key_value_heads": r.choice([n for n in (1, 2, 3, 4) if heads % n == 0]),
        "max_position_embeddings": r.choice([16, 64]),
        "rms_norm_eps": r.choice([1e-6, 1e-5]),
        "tie_word_embeddings": r.random() < 0.4,
        "pad_token_id": 0,
        "eos_token_id": r.choice([1, [1, 4]]),
        "bos_token_id": 2,
    }


def some(r, **choices):
    """Each of the settings with a chance of two in three."""
    return {name: value for name, value in choices.items() if r.random() < 2 / 3}


def qwen3(r):
    return {"model_type": "qwen3", **sizes(r), "head_dim": r.choice([4, 6, 12]),
            **some(r, attention_bias=True, rope_theta=r.choice([30.0, 1e6])),
            **r.choice([{}, {"use_sliding_window": True, "sliding_window": r.randint(1, 5), "max_window_layers": r.randint(0, 2)}])}


def gemma2(r):
    return {"model_type": "gemma2", **sizes(r), "head_dim": r.choice([4, 6, 12]), "sliding_window": r.randint(2, 6),
            **some(r, attn_logit_softcapping=r.choice([None, 0.8, 4.0]), final_logit_softcapping=r.choice([None, 1.5, 10.0]),
                   query_pre_attn_scalar=r.choice([3, 24]), attention_bias=True, rope_theta=r.choice([30.0, 1e4]),
                   hidden_activation=r.choice(["gelu", "silu"]))}


def gemma3(r):
    older = {"rope_theta": 1000.0, "rope_local_base_freq": 20.0, "rope_scaling": {"rope_type": "linear", "factor": 3.0}}
    newer = {"rope_parameters": {"full_attention": {"rope_type": r.choice(["linear", "default"]), "factor": 4.0, "rope_theta": 300.0},
                                 "sliding_attention": {"rope_type": "default", "rope_theta": 40.0}}}
    if newer["rope_parameters"]["full_attention"]["rope_type"] == "default":
        del newer["rope_parameters"]["full_attention"]["factor"]
    return {"model_type": "gemma3_text", **sizes(r), "head_dim": r.choice([4, 6, 12]), "sliding_window": r.randint(2, 6),
            **some(r, final_logit_softcapping=r.choice([None, 1.5]), query_pre_attn_scalar=r.choice([3, 24]), attention_bias=True,
                   sliding_window_pattern=r.choice([1, 2, 3])), **r.choice([{}, older, newer])}


def phi3(r):
    config = {"model_type": "phi3", **sizes(r), **some(r, sliding_window=r.randint(2, 6))}
    head = config["hidden_size"] // config["num_attention_heads"]
    part = r.choice([1.0, 0.5]) if head != 6 and head != 10 else 1.0
    if part != 1.0:
        config["partial_rotary_factor"] = part
    if r.random() < 0.5:
        pairs = int(head * part) // 2
        config["rope_scaling"] = {
            "type": "longrope", "short_factor": [r.uniform(0.6, 2) for _ in range(pairs)],
            "long_factor": [r.uniform(1, 9) for _ in range(pairs)], "original_max_position_embeddings": 12,
        }
        # The text is either longer than that from the start, or stays shorter.
        config["original_max_position_embeddings"] = r.choice([3, 40])
    return config


def scaled(kind, r):
    config = {"model_type": r.choice(["llama", "mistral", "qwen2", "qwen3"]), **sizes(r), "rope_theta": r.choice([25.0, 10000.0])}
    head = config["head_dim"] = r.choice([4, 6, 12])
    config["max_position_embeddings"] = r.choice([3, 5, 9, 32])
    original = r.choice([{}, {"original_max_position_embeddings": r.randint(3, 12)}])
    outside = {} if r.random() < 0.8 else {"original_max_position_embeddings": r.randint(3, 12)}
    factor = r.choice([1.5, 4.0, 8])
    if kind == "dynamic":
        rope = {"factor": factor}
    elif kind == "yarn":
        rope = {"factor": factor, **original,
                **some(r, beta_fast=r.choice([2, 8.0]), beta_slow=r.choice([0.5, 1])),
                **r.choice([{}, {"attention_factor": 0.7}, {"mscale": 0.8, "mscale_all_dim": 1.5}, {"truncate": False}])}
    else:
        rope = {"short_factor": [r.uniform(0.6, 2) for _ in range(head // 2)], "long_factor": [r.uniform(1, 9) for _ in range(head // 2)],
                **original, **r.choice([{}, {"factor": factor}, {"attention_factor": 1.3}])}
    if kind == "dynamic":
        outside = {}
    return {**config, **outside, "rope_scaling": {r.choice(["rope_type", "type"]): kind, **rope}}


KINDS = {
    "qwen3": qwen3, "gemma2": gemma2, "gemma3_text": gemma3, "phi3": phi3,
    "dynamic": lambda r: scaled("dynamic", r), "yarn": lambda r: scaled("yarn", r), "longrope": lambda r: scaled("longrope", r),
}


def one_case(folder, kind, r):
    raw = KINDS[kind](r)
    torch.manual_seed(r.randrange(10**6))
    config = AutoConfig.for_model(**json.loads(json.dumps(raw)))
    # Only there is Gemma 2's bound of the scores computed.
    eager = {"attn_implementation": "eager"} if kind == "gemma2" else {}
    base = AutoModelForCausalLM.from_config(config, **eager).eval()
    with torch.no_grad():
        for name, parameter in base.named_parameters():
            if parameter.dim() == 1:  # norms and biases: away from 1 and 0
                parameter.add_(0.3 * torch.randn_like(parameter))
            else:
                parameter.copy_(0.35 * torch.randn_like(parameter))
    base.save_pretrained(f"{folder}/base")
    if r.random() < 0.5:  # as older files have it
        with open(f"{folder}/base/config.json") as file:
            keep = {"architectures": json.load(file)["architectures"]}
        with open(f"{folder}/base/config.json", "w") as file:
            json.dump({**raw, **keep}, file)
    B, L, V = r.randint(1, 3), r.randint(4, 9), raw["vocab_size"]
    ids = torch.tensor([[r.randrange(5, V) for _ in range(L)] for _ in range(B)])
    mask = torch.tensor([[0] * p + [1] * (L - p) for p in [r.choice([0, 0, r.randrange(L)]) for _ in range(B)]])
    batch = {"input_ids": ids, "attention_mask": mask}
    case = {"kind": kind, "raw": raw, "ids": ids.tolist(), "mask": mask.tolist()}

    def fresh():
        # With dynamic scaling a model remembers the longest text that it has read.
        for module in base.modules():
            if hasattr(module, "max_seq_len_cached"):
                module.max_seq_len_cached = module.original_max_seq_len
                if hasattr(module, "original_inv_freq"):
                    module.register_buffer("inv_freq", module.original_inv_freq.clone(), persistent=False)

    with torch.no_grad():
        case["logits"] = base(**batch).logits.tolist()
        for name, options in {"greedy": {}, "beams": {"num_beams": 3}}.items():
            fresh()
            case[name] = base.generate(**batch, max_new_tokens=6, do_sample=False, **options).tolist()
        fresh()
        targets = {} if kind != "phi3" else {"target_modules": ["qkv_proj", "gate_up_proj"]}
        poly = PolyConfig(task_type="CAUSAL_LM", init_weights=False, r=2, n_tasks=3, n_skills=2, n_splits=2, **targets)
        model = get_peft_model(base, poly).eval()
        model.save_pretrained(f"{folder}/adapter")
        tasks = [r.randrange(3) for _ in range(B)]
        case["tasks"] = tasks
        case["adapted"] = model(**batch, task_ids=torch.tensor(tasks)).logits.tolist()
    return case


folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
cases = []
for kind in KINDS:
    for i in range(count):
        cases.append(one_case(f"{folder}/{kind}/{i}", kind, random.Random(f"{kind}/{i}/{seed}")))
print(json.dumps(cases))
