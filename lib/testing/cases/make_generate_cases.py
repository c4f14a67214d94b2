"""Prints what Hugging Face transformers generates with the table model of table_model.ts, as JSON:
the cases of generate_cases.json. The TypeScript tests reproduce the sequences and the scores.

Usage: python make_generate_cases.py > generate_cases.json
"""

import json
import warnings

import torch
import transformers
from transformers import GenerationMixin, PretrainedConfig, PreTrainedModel
from transformers.modeling_outputs import BaseModelOutput, CausalLMOutput, Seq2SeqLMOutput

transformers.logging.set_verbosity_error()
warnings.filterwarnings("ignore")

IDS = {True: [[4, 5, 6], [3, 6, 0], [2, 0, 0]], False: [[4, 5, 6], [0, 3, 6], [0, 0, 2]]}
MASK = {True: [[1, 1, 1], [1, 1, 0], [1, 0, 0]], False: [[1, 1, 1], [0, 1, 1], [0, 0, 1]]}


class TableConfig(PretrainedConfig):
    model_type = "table"

    def __init__(self, vocab_size=7, seed=0, eos_bias=0.0, eos=(), **rest):
        self.vocab_size, self.seed, self.eos_bias, self.eos = vocab_size, seed, eos_bias, eos
        super().__init__(**rest)


def table_logits(config, key, history):
    last, before = history[-1], history[-2] if len(history) > 1 else 0
    x = last * 7 + before * 13 + len(history) * 29 + key * 31 + config.seed * 19
    return [
        ((x + token * 17) ** 3 + 12345) % 1000003 / 131072
        + (config.eos_bias if token in config.eos else 0)
        for token in range(config.vocab_size)
    ]


def real(ids, mask):
    return [i for i, m in zip(ids.tolist(), mask.tolist()) if m]


class Encoder(torch.nn.Module):
    main_input_name = "input_ids"

    def forward(self, input_ids, attention_mask, **_):
        keys = [
            sum((i + 1) * token for i, token in enumerate(real(*row))) % 1009
            for row in zip(input_ids, attention_mask)
        ]
        return BaseModelOutput(last_hidden_state=torch.tensor(keys)[:, None, None])


class TableModel(PreTrainedModel, GenerationMixin):
    config_class = TableConfig
    main_input_name = "input_ids"

    def __init__(self, config):
        super().__init__(config)
        self.weight = torch.nn.Parameter(torch.zeros(1))
        self.encoder = Encoder()
        self.passes = 0

    def get_encoder(self, *_, **__):
        return self.encoder

    def prepare_inputs_for_generation(self, input_ids, attention_mask, encoder_outputs=None, **_):
        return {
            "input_ids": input_ids,
            "attention_mask": attention_mask,
            "encoder_outputs": encoder_outputs,
        }

    def forward(self, input_ids, attention_mask, encoder_outputs=None, **_):
        self.passes += 1
        if encoder_outputs is not None:
            keys = encoder_outputs.last_hidden_state[:, 0, 0].tolist()
            rows = [table_logits(self.config, *row) for row in zip(keys, input_ids.tolist())]
            return Seq2SeqLMOutput(logits=torch.tensor(rows)[:, None])
        rows = [table_logits(self.config, 0, real(*row)) for row in zip(input_ids, attention_mask)]
        return CausalLMOutput(logits=torch.tensor(rows)[:, None])


def generate(case, options, **more):
    seq2seq, eos, pad = case["is_encoder_decoder"], case["eos"], case["pad"]
    model = TableModel(
        TableConfig(
            vocab_size=case["vocab_size"],
            seed=case["seed"],
            eos_bias=case["eos_bias"],
            eos=eos,
            is_encoder_decoder=seq2seq,
        )
    )
    model.generation_config.pad_token_id = pad
    model.generation_config.eos_token_id = eos or None
    model.generation_config.decoder_start_token_id = 3 if seq2seq else None
    mask = torch.tensor(MASK[seq2seq])
    ids = torch.tensor(IDS[seq2seq]).masked_fill(mask == 0, pad)
    with torch.no_grad():
        generated = model.generate(
            input_ids=ids, attention_mask=mask, use_cache=False, **options, **more
        )
    return generated, model.passes


def case_of(i):
    return {
        "is_encoder_decoder": i % 2 == 0,
        "vocab_size": [11, 23, 37][i % 3],
        "seed": i * 37 % 1000,
        "eos_bias": [2.0, -2.0, 3.5, 5.0, 0.0][i % 5],
        "eos": [[1], [2, 4, 6], [1], [], [1, 5], [1], [1]][i % 7],
        "pad": [0, 1, 0, 9][i // 2 % 4],
    }


searches, draws = [], []
for i in [*range(40), 92, 105]:
    case, beams = case_of(i), 1 + i % 5
    options = {"max_new_tokens": [6, 9, 4, 12][i // 3 % 4], "num_beams": beams}
    if beams > 1:
        options["length_penalty"] = [1.0, -1.0, 0.0, 2.0, 0.6, 1.0][i // 5 % 6]
        options["early_stopping"] = ["never", False, True][(i // 5 + i // 2) % 3]
        options["num_return_sequences"] = [1, beams, 2][i // 2 % 3]
    if i % 3 == 1:
        options["min_new_tokens"] = 1 + i // 3 % 4
    if i >= 40:  # "never" where sequences only lose by growing
        case["eos"] = [1]
        options = {
            "max_new_tokens": 9,
            "num_beams": 2 + i % 3,
            "length_penalty": -1.0,
            "early_stopping": "never",
            "num_return_sequences": 2,
        }
    sequences, passes = generate(case, options, do_sample=False)
    rows = [" ".join(str(token) for token in row) for row in sequences.tolist()]
    searches.append({"model": case, "options": options, "passes": passes, "expected": rows})
for i in range(12):
    case = {**case_of(i), "is_encoder_decoder": False, "eos": [1]}
    options = {
        "temperature": [1.0, 0.7, 2.5][i % 3],
        "top_k": [0, 50, 3, 8][i % 4],
        "top_p": [1.0, 0.9, 0.5, 0.05, 0.99][i % 5],
    }
    result, _ = generate(
        case,
        {"max_new_tokens": 1, **options},
        do_sample=True,
        output_scores=True,
        return_dict_in_generate=True,
    )
    scores = result.scores[0][0].tolist()
    kept = {token: score for token, score in enumerate(scores) if score != -float("inf")}
    draws.append({"model": case, "options": options, "expected": kept})
# One setting of generation after another, alone and in pairs, by greedy and by beam search.
SETTINGS = [
    {"max_length": 8},
    {"min_length": 7},
    {"min_length": 9, "max_new_tokens": 7},
    {"repetition_penalty": 1.7},
    {"repetition_penalty": 0.6, "max_length": 9},
    {"encoder_repetition_penalty": 2.5},
    {"no_repeat_ngram_size": 2},
    {"no_repeat_ngram_size": 1, "max_new_tokens": 5},
    {"encoder_no_repeat_ngram_size": 2},
    {"bad_words_ids": [[7], [3, 8], [1]]},
    {"suppress_tokens": [3, 5, 9, 40]},
    {"begin_suppress_tokens": [10, 8, 7]},
    {"forced_bos_token_id": 6},
    {"forced_bos_token_id": 6, "begin_suppress_tokens": [8, 9]},
    {"forced_eos_token_id": 9, "max_new_tokens": 4},
    {"sequence_bias": [[[8], -3.5], [[6, 10], 4.0], [[10], 1.25]]},
    {"exponential_decay_length_penalty": [2, 1.5]},
    {"renormalize_logits": True, "repetition_penalty": 2.0},
    {"eos_token_id": [3, 8]},
    {"eos_token_id": 9, "pad_token_id": 5},
]
settings = []
for i in range(4 * len(SETTINGS)):
    case, options = case_of(i + i // 20), dict(SETTINGS[i % len(SETTINGS)])
    case["eos"] = case["eos"] or [1]
    case["pad"] = case["pad"] or 2
    if i // len(SETTINGS) % 2 == 1:
        options = {**options, "num_beams": 2 + i % 3, "length_penalty": 0.7}
    if i >= 2 * len(SETTINGS):
        options = {**SETTINGS[(7 * i + 3) % len(SETTINGS)], **options}
    sequences, _ = generate(case, options, do_sample=False)
    rows = [" ".join(str(token) for token in row) for row in sequences.tolist()]
    settings.append({"model": case, "options": options, "expected": rows})
for i, options in enumerate(
    [
        {"min_p": 0.1},
        {"min_p": 0.5, "temperature": 1.5},
        {"typical_p": 0.4},
        {"typical_p": 0.9},
        {"epsilon_cutoff": 0.02},
        {"epsilon_cutoff": 0.2},
        {"eta_cutoff": 0.05},
        {"eta_cutoff": 0.4},
        {"top_h": 0.4},
        {"top_h": 1.0, "top_p": 0.8},
    ]
):
    case = {**case_of(i), "is_encoder_decoder": False, "eos": [1]}
    result, _ = generate(
        case,
        {"max_new_tokens": 1, "top_k": 0, **options},
        do_sample=True,
        output_scores=True,
        return_dict_in_generate=True,
    )
    scores = result.scores[0][0].tolist()
    kept = {token: score for token, score in enumerate(scores) if score != -float("inf")}
    draws.append({"model": case, "options": {"top_k": 0, **options}, "expected": kept})
made = {"searches": searches, "settings": settings, "draws": draws}
print(json.dumps({"made_with": transformers.__version__, **made}))
