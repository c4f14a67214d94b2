"""Makes random small models in a folder, each with random settings of generation in its files, lets
transformers generate with more of them in the call, and prints as JSON what was asked and what came.

Usage: python random_generations.py FOLDER COUNT SEED
"""

import json
import os
import random
import sys
import warnings

import torch
import transformers
from transformers import (
    AutoModelForCausalLM,
    AutoModelForSeq2SeqLM,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    T5Config,
)

transformers.logging.set_verbosity_error()
warnings.filterwarnings("ignore")


def model_config(r):
    V = r.randint(9, 21)
    ids = {
        "vocab_size": V,
        "eos_token_id": r.choice([1, [1, 4], 2]),
        "pad_token_id": r.choice([0, 3]),
        "bos_token_id": r.choice([2, 5]),
    }
    if r.random() < 0.4:
        return T5Config(
            d_model=12, d_kv=4, d_ff=10, num_layers=r.randint(1, 2), num_heads=3, dropout_rate=0.0,
            relative_attention_num_buckets=6, relative_attention_max_distance=9,
            tie_word_embeddings=False, decoder_start_token_id=r.choice([0, 3]),
            initializer_factor=2.0, **ids,
        )
    Config = r.choice([LlamaConfig, MistralConfig, Qwen2Config])
    return Config(
        hidden_size=12, intermediate_size=14, num_hidden_layers=r.randint(1, 2),
        num_attention_heads=2, num_key_value_heads=r.choice([1, 2]),
        max_position_embeddings=r.choice([16, 64]), initializer_range=0.6, **ids,
    )


def settings(r, V, beams):
    """Each setting with a chance of one in seven."""

    def words(least, most):
        lengths = [r.randint(1, 3) for _ in range(r.randint(least, most))]
        return [[r.randrange(1, V) for _ in range(length)] for length in lengths]

    choices = {
        "max_length": lambda: r.randint(8, 20),
        "max_new_tokens": lambda: r.randint(1, 9),
        "min_length": lambda: r.randint(0, 14),
        "min_new_tokens": lambda: r.randint(0, 8),
        "num_beams": lambda: r.randint(1, 4),
        "length_penalty": lambda: r.choice([-1.0, 0.0, 0.5, 2.0]),
        "early_stopping": lambda: r.choice([True, False, "never"]),
        "do_sample": lambda: r.choice([True, False]),
        "temperature": lambda: r.choice([0.5, 1.7]),
        "top_p": lambda: r.choice([0.3, 0.95]),
        "min_p": lambda: r.choice([0.0, 0.2]),
        "typical_p": lambda: 1.0,
        "epsilon_cutoff": lambda: 0.01,
        "eta_cutoff": lambda: 0.02,
        "repetition_penalty": lambda: r.choice([0.7, 1.3, 4.0]),
        "encoder_repetition_penalty": lambda: r.choice([0.6, 1.5, 3.0]),
        "no_repeat_ngram_size": lambda: r.choice([0, 2, 3]),
        "encoder_no_repeat_ngram_size": lambda: r.choice([0, 2, 3]),
        "bad_words_ids": lambda: words(1, 4),
        "sequence_bias": lambda: [[w, r.uniform(-4, 4)] for w in words(1, 4)],
        "suppress_tokens": lambda: [r.randrange(V + 4) for _ in range(r.randint(0, 3))],
        "begin_suppress_tokens": lambda: [r.randrange(V) for _ in range(r.randint(0, 3))],
        "forced_bos_token_id": lambda: r.randrange(V),
        "forced_eos_token_id": lambda: r.choice([r.randrange(V), [4]]),
        "exponential_decay_length_penalty": lambda: [r.randint(0, 3), r.choice([0.8, 1.2, 1.9])],
        "renormalize_logits": lambda: r.choice([True, False]),
        "remove_invalid_values": lambda: r.choice([True, False]),
        "eos_token_id": lambda: r.choice([1, [2, 6], [7]]),
        "pad_token_id": lambda: r.choice([0, 3, 8]),
        "decoder_start_token_id": lambda: r.choice([0, 3, 8]),
    }
    chosen = {name: make() for name, make in choices.items() if r.random() < 1 / 7}
    if beams:
        chosen["num_beams"] = r.randint(2, 4)
    return chosen


def one_case(folder, i, r):
    config = model_config(r)
    seq2seq = config.model_type == "t5"
    V = config.vocab_size
    Auto = AutoModelForSeq2SeqLM if seq2seq else AutoModelForCausalLM
    torch.manual_seed(r.randrange(10**6))
    Auto.from_config(config).save_pretrained(folder)
    in_file, in_call = settings(r, V, i % 2 == 1), settings(r, V, False)
    if in_file.get("do_sample", False) or in_call.get("do_sample", False):
        in_call["top_k"] = 1  # one token can be drawn, whatever is drawn
    place = r.choice(["generation_config.json", "config.json"])
    path = f"{folder}/generation_config.json"
    if place == "config.json":
        os.remove(path)
        path = f"{folder}/config.json"
        for name in ("eos_token_id", "pad_token_id", "decoder_start_token_id"):
            in_file.pop(name, None)
    with open(path) as file:
        whole = json.load(file)
    with open(path, "w") as file:
        json.dump({**whole, **in_file}, file)
    B, L = r.randint(1, 3), r.randint(1, 5)
    # A text of padding alone has embeddings of zero, and all tokens after it are equally probable.
    ids = [[r.choice([4, 5, 6, V - 1]) for _ in range(L)] for _ in range(B)]
    pads = [r.randrange(L) for _ in range(B)]
    mask = [[0] * p + [1] * (L - p) for p in pads]
    if r.random() < 0.2:
        mask = None
    case = {"seq2seq": seq2seq, "file": in_file, "place": place, "call": in_call, "ids": ids, "mask": mask}
    try:
        model = Auto.from_pretrained(folder)
        tensors = {"input_ids": torch.tensor(ids)}
        if mask is not None:
            tensors["attention_mask"] = torch.tensor(mask)
        with torch.no_grad():
            case["expected"] = model.generate(**tensors, **in_call).tolist()
    except Exception as error:
        case["error"] = f"{type(error).__name__}: {error}"
    return case


folder, count, seed = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
r = random.Random(seed)
print(json.dumps([one_case(f"{folder}/{i}", i, r) for i in range(count)]))
