"""Makes random tokenizers over the whole tokenizer.json format, asks transformers what they do with
hostile texts, and prints all of it as JSON.

Arguments: a seed, and how many tokenizers to make. Each is a folder's files with what was asked and
what came out, or the error with which Python refuses the folder.
"""

import base64
import json
import os
import random
import sys
import tempfile

os.environ["RUST_BACKTRACE"] = "0"
os.environ["TOKENIZERS_PARALLELISM"] = "false"
os.environ["TRANSFORMERS_VERBOSITY"] = "critical"
sys.modules["torch"] = None  # tokenizers do without, and PyTorch takes seconds to load

from tokenizers import Tokenizer
from transformers import AutoTokenizer
from transformers.utils import logging

logging.set_verbosity(logging.CRITICAL)

WORDS = [
    "the", "The", "quick", "naïve", "café", "cafe\u0301", "don't", "DON'T", "I'll", "a--b", "x_y", "U.S.",
    "<x>", "<X>", "</s>", "<extra>", "<EXTRA>", "<mask>", "ΑΣ", "ὈΔΥΣΣΕΎΣ", "İstanbul", "ıI", "Straße", "STRASSE",
    "ﬁne", "①", "²", "٣٤", "१२", "1234", "3.14", "½", "日本語", "日本", "カタカナ", "ひらがな", "ー", "한국어", "각", "\u1112\u1161\u11ab",
    "𠀀𠀁", "𝔾𝕠", "😀", "👨\u200d👩\u200d👧", "👍🏽", "🇩🇪", "שָׁלוֹם", "مرحبا", "नमस्ते", "ไทย", "é", "e\u0301", "\u0301", "ö\u0323",
    "\u200b", "\u200c", "\u200d", "\ufeff", "\u00ad", "\u2028", "\u0085", "\u00a0", "\u3000", "\u2009", "\t", "\n", "\r\n", "\u0000",
    "\u0007", "\u007f", "\ufffd", "\U000f0000", "\ue000", "！", "。", "“q”", "—", "$5", "+", "^", "`", "~", "|", "#", "▁", "▁a", "Ġ", "##a",
    "-", "--", "...", "ab", "abc", "aab", "a b", "ſ", "'ſ", "K", "ŉ", "ǅ", "Ω", "…", "ﷺ", "\u0345", "ᾳ", "𐐀", "ⅷ", "ⓐ", "\u0e33", "\u1100",
    "é日", "<0xE6>", "<unk>", "\u180e", "\u2060", "‿", "ª", "𞤀", "ꙮ", "\u20dd", "ா", "ெ", "क्षि", "\u200f",
]
FLAGS = ["single_word", "lstrip", "rstrip", "normalized", "special"]
BEHAVIORS = ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]
REGEXES = [
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    r"\p{N}{1,3}", r"\s+", r"\w+", r"[a-c]", r" ", r"\d", r"[^\p{L}]", r"a|b", r"(?=[A-Z])", r"\p{P}", r".", r"^the", r"[\p{Han}]", r"\b",
    r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
    r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
]
MORE_REGEXES = [
    r"[[:alpha:]]+", r"[[:punct:]]", r"(?<!a)b", r"(?<=a)b", r"a{,2}", r"\A.", r".\z", r"\s$", r"(?>a+)b", r"(?>a|ab)+", r"a*+b", r".*", r"", r"x*",
    r"^", r"$", r"\B", r"[a-z&&[^b]]+", r"[^\W]+", r"(?i:k|s)", r"[日本]+", r"[😀-🙏]", r"(?:a|ab)(?:c|)", r"a*?b", r"[\p{L}&&[^a-z]]+", r"(?<![\w])\w+",
    r"\h", r"[[a]++b]", r"\p{Greek}+", r"(?:.|\n){2}",
]
BYTES = [*range(33, 127), *range(161, 173), *range(174, 256)]
BYTE_CHARS = {b: chr(b) for b in BYTES} | {b: chr(256 + i) for i, b in enumerate(b for b in range(256) if b not in BYTES)}


def text(r):
    if r.random() < 0.1:
        return "".join(chr(r.choice([r.randrange(0, 0x250), r.randrange(0x300, 0x2200), r.randrange(0x2600, 0xd800), r.randrange(0xe000, 0x11000),
                                     r.randrange(0x1d000, 0x1fb00)])) for _ in range(r.randint(1, 25)))
    words = [r.choice(WORDS) for _ in range(r.randint(1, 7))]
    return "".join(w + r.choice(["", " ", " ", "  ", "\t"]) for w in words)


def pattern(r):
    if r.random() < 0.4:
        return {"String": r.choice([" ", "a", "-", "the", "▁", "日", "e", ".", "\u0301", "||", "  "])}
    return {"Regex": r.choice(REGEXES if r.random() < 0.6 else MORE_REGEXES)}


def charsmap(r, most=9):
    """SentencePiece's map of characters: a double array (darts-clone), whose nodes have a block each."""
    olds = ["ﬁ", "①", "é", "e\u0301", "日", "\u200b", "A", "T", "ﷺ", "\u3000", "👍", "a", "\u0301", "\t", "Ω", "\ufeff"]
    news = ["", " ", "x", "fi", "1", "e", "\u0301", "abc", "日本", "▁", "👍"]
    chosen, texts = {}, b""
    for old in r.sample(olds, r.randint(1, most)):
        chosen[old.encode()] = len(texts)
        texts += r.choice(news).encode() + b"\0"
    nodes = {prefix: 1 + i for i, prefix in enumerate(sorted({k[:n] for k in chosen for n in range(len(k) + 1)}))}
    units = [0] * (256 * (len(nodes) + 1))
    place = {b"": 0}
    for prefix, block in sorted(nodes.items()):
        at, base = place[prefix], 256 * block
        for byte in range(1, 256):
            if prefix + bytes([byte]) in nodes:
                place[prefix + bytes([byte])] = base ^ byte
                units[base ^ byte] = byte
        if prefix in chosen:
            units[base] = 0x80000000 | chosen[prefix]
            units[at] |= 0x100
        units[at] |= (at ^ base) << 10
    trie = b"".join(u.to_bytes(4, "little") for u in units)
    return base64.b64encode(len(trie).to_bytes(4, "little") + trie + texts).decode()


def normalizer(r, depth=0):
    kind = r.choice(["Precompiled", "BertNormalizer", "Strip", "StripAccents", "NFC", "NFD", "NFKC", "NFKD", "Lowercase", "Nmt", "Replace",
                     "Prepend", "ByteLevel"] + ["Sequence"] * (3 if depth == 0 else 0))
    one = {"type": kind}
    if kind == "BertNormalizer":
        one |= {"clean_text": r.random() < 0.5, "handle_chinese_chars": r.random() < 0.5,
                "strip_accents": r.choice([None, True, False]), "lowercase": r.random() < 0.5}
    elif kind == "Precompiled":
        one |= {"precompiled_charsmap": charsmap(r)}
    elif kind == "Strip":
        one |= {"strip_left": r.random() < 0.5, "strip_right": r.random() < 0.5}
    elif kind == "Replace":
        one |= {"pattern": pattern(r), "content": r.choice(["", " ", "▁", "x", "$&", "ab"])}
    elif kind == "Prepend":
        one |= {"prepend": r.choice(["▁", " ", "xy"])}
    elif kind == "Sequence":
        one |= {"normalizers": [normalizer(r, 1) for _ in range(r.randint(0, 3))]}
    return one


def pre_tokenizer(r, depth=0):
    kind = r.choice(["BertPreTokenizer", "ByteLevel", "CharDelimiterSplit", "Metaspace", "Whitespace", "Split", "Split",
                     "Punctuation", "WhitespaceSplit", "Digits", "UnicodeScripts", "FixedLength"]
                    + ["Sequence"] * (3 if depth == 0 else 0))
    one = {"type": kind}
    if kind == "ByteLevel":
        one |= {"add_prefix_space": r.random() < 0.5, "trim_offsets": r.random() < 0.5}
        if r.random() < 0.7:
            one["use_regex"] = r.random() < 0.5
    elif kind == "CharDelimiterSplit":
        one |= {"delimiter": r.choice([" ", "-", "a", "日"])}
    elif kind == "Metaspace":
        one |= {"replacement": r.choice(["▁", "▁", "_"]), "prepend_scheme": r.choice(["always", "first", "never"]),
                "split": r.random() < 0.6}
        if r.random() < 0.2:
            del one["prepend_scheme"]
        if r.random() < 0.2:
            del one["split"]
        if r.random() < 0.2:
            one |= {"add_prefix_space": True, "str_rep": "▁"}  # as older files have it
    elif kind == "Split":
        one |= {"pattern": pattern(r), "behavior": r.choice(BEHAVIORS), "invert": r.random() < 0.3}
    elif kind == "Punctuation":
        if r.random() < 0.8:
            one["behavior"] = r.choice(BEHAVIORS)
    elif kind == "Digits":
        one |= {"individual_digits": r.random() < 0.5}
    elif kind == "FixedLength":
        one |= {"length": r.randint(1, 4)}
    elif kind == "Sequence":
        one |= {"pretokenizers": [pre_tokenizer(r, 1) for _ in range(r.randint(0, 3))]}
    return one


def decoder(r, depth=0):
    kind = r.choice(["BPEDecoder", "ByteLevel", "WordPiece", "Metaspace", "CTC", "Replace", "Fuse", "Strip", "ByteFallback"]
                    + ["Sequence"] * (4 if depth == 0 else 0))
    one = {"type": kind}
    if kind == "BPEDecoder":
        one |= {"suffix": r.choice(["</w>", "a", ""])}
    elif kind == "ByteLevel":
        one |= {"add_prefix_space": True, "trim_offsets": True, "use_regex": True}
    elif kind == "WordPiece":
        one |= {"prefix": r.choice(["##", "", "a"]), "cleanup": r.random() < 0.5}
    elif kind == "Metaspace":
        one |= {"replacement": r.choice(["▁", "_"]), "prepend_scheme": r.choice(["always", "first", "never"]), "split": True}
    elif kind == "CTC":
        one |= {"pad_token": r.choice(["<pad>", "a"]), "word_delimiter_token": r.choice(["|", "▁"]), "cleanup": r.random() < 0.5}
    elif kind == "Replace":
        one |= {"pattern": pattern(r), "content": r.choice(["", " ", "x", "$1"])}
    elif kind == "Strip":
        one |= {"content": r.choice([" ", "▁", "a"]), "start": r.randint(0, 2), "stop": r.choice([0, 0, 0, 1])}
    elif kind == "Sequence":
        one |= {"decoders": [decoder(r, 1) for _ in range(r.randint(1, 4))]}
    return one


def pieces(parts, texts):
    """The words that the model of a tokenizer with these parts would see."""
    empty = {"version": "1.0", "added_tokens": [], "post_processor": None, "decoder": None, **parts,
             "model": {"type": "WordLevel", "vocab": {"?": 0}, "unk_token": "?"}}
    tokenizer = Tokenizer.from_str(json.dumps(empty))
    found = []
    for one in texts:
        try:
            normal = tokenizer.normalizer.normalize_str(one) if tokenizer.normalizer else one
            if tokenizer.pre_tokenizer is None:
                found.append(normal)
            else:
                found += [piece for piece, _ in tokenizer.pre_tokenizer.pre_tokenize_str(normal)]
        except BaseException as error:  # the Rust code panics where it may not
            if isinstance(error, KeyboardInterrupt):
                raise
    return [piece for piece in found if piece] or ["a"]


def bytes_of(r):
    return [f"<0x{b:02X}>" for b in range(256) if r.random() < 0.97]


def model(r, words):
    kind = r.choice(["BPE", "BPE", "Unigram", "Unigram", "WordPiece", "WordLevel"])
    special = ["<unk>", "</s>", "<s>", "<pad>"]
    chars = sorted({c for w in words for c in w if r.random() < 0.9})
    cut = lambda w: (lambda i: w[i:i + r.randint(1, 5)])(r.randrange(len(w)))
    if kind == "WordLevel":
        tokens = special + sorted({w for w in words if r.random() < 0.6})
        return {"type": kind, "vocab": {t: i for i, t in enumerate(dict.fromkeys(tokens))},
                "unk_token": r.choice(["<unk>", "<unk>", "the"])}
    if kind == "WordPiece":
        prefix = r.choice(["##", "##", "", "▁"])
        subwords = [cut(r.choice(words)) for _ in range(60)]
        tokens = special + chars + [prefix + c for c in chars] + subwords + [prefix + s for s in subwords]
        return {"type": kind, "unk_token": "<unk>", "continuing_subword_prefix": prefix,
                "max_input_chars_per_word": r.choice([100, 5, 1]), "vocab": {t: i for i, t in enumerate(dict.fromkeys(tokens))}}
    if kind == "Unigram":
        fallback = r.random() < 0.4
        tokens = special + chars + [cut(r.choice(words)) for _ in range(80)] + (bytes_of(r) if fallback else [])
        if r.random() < 0.3:
            tokens.insert(4, "the")
        one = {"type": kind, "unk_id": 0, "vocab": [[t, 0.0 if t in special else -round(r.uniform(1, 9), r.choice([1, 6]))]
                                                    for t in dict.fromkeys(tokens)]}
        if fallback or r.random() < 0.5:
            one["byte_fallback"] = fallback
        return one
    prefix = r.choice([None, None, None, "", "##", "__"])
    suffix = r.choice([None, None, None, "", "</w>"])
    fallback = r.random() < 0.3
    split = lambda w: [(prefix or "" if i else "") + c + ((suffix or "") if i == len(w) - 1 else "") for i, c in enumerate(w)]
    known = {s for w in words for s in split(w) if r.random() < 0.93}
    vocab, merges = sorted(known), []
    rows = [split(w) for w in words]
    for _ in range(120):
        row = r.choice(rows)
        if len(row) < 2:
            continue
        i = r.randrange(len(row) - 1)
        a, b = row[i], row[i + 1]
        if a not in vocab or b not in vocab or [a, b] in merges:
            continue
        joined = a + b[len(prefix or ""):]
        merges.append([a, b])
        if joined not in vocab:
            vocab.append(joined)
        for other in rows:
            j = 0
            while j + 1 < len(other):
                if other[j] == a and other[j + 1] == b:
                    other[j:j + 2] = [joined]
                j += 1
    tokens = dict.fromkeys(special + vocab + (bytes_of(r) if fallback else []))
    if r.random() < 0.5 and not any(" " in x for m in merges for x in m):
        merges = [" ".join(m) for m in merges]
    one = {"type": kind, "dropout": r.choice([None, None, 0.0]), "unk_token": r.choice(["<unk>", "<unk>", None]),
           "continuing_subword_prefix": prefix, "end_of_word_suffix": suffix, "fuse_unk": r.random() < 0.5,
           "byte_fallback": fallback, "ignore_merges": r.random() < 0.3, "vocab": {t: i for i, t in enumerate(tokens)}, "merges": merges}
    for key in ["dropout", "continuing_subword_prefix", "end_of_word_suffix", "ignore_merges"]:
        if one[key] in (None, False) and r.random() < 0.3:
            del one[key]
    return one


def post_processor(r, vocab, depth=0):
    kind = r.choice(["none", "TemplateProcessing", "TemplateProcessing", "BertProcessing", "RobertaProcessing", "ByteLevel"]
                    + ["Sequence"] * (1 if depth == 0 else 0))
    if kind == "none":
        return None if depth == 0 else {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": False, "use_regex": True}
    if kind == "ByteLevel":
        return {"type": kind, "add_prefix_space": True, "trim_offsets": r.random() < 0.5, "use_regex": True}
    if kind == "BertProcessing":
        return {"type": kind, "sep": ["</s>", vocab["</s>"]], "cls": ["<s>", vocab["<s>"]]}
    if kind == "RobertaProcessing":
        return {"type": kind, "sep": ["</s>", vocab["</s>"]], "cls": ["<s>", vocab["<s>"]],
                "trim_offsets": r.random() < 0.5, "add_prefix_space": r.random() < 0.5}
    if kind == "Sequence":
        return {"type": kind, "processors": [post_processor(r, vocab, 1) for _ in range(r.randint(1, 2))]}
    piece = lambda t: {"SpecialToken": {"id": t, "type_id": 0}}
    a, b = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}
    before = [piece(t) for t in r.choice([[], ["<s>"], ["<s>", "</s>"]])]
    after = [piece(t) for t in r.choice([[], ["</s>"], ["two"]])]
    special = {t: {"id": t, "ids": [vocab[t]], "tokens": [t]} for t in ["<s>", "</s>"]}
    special["two"] = {"id": "two", "ids": [vocab["</s>"], vocab["<s>"]], "tokens": ["</s>", "<s>"]}
    return {"type": kind, "single": [*before, a, *after], "pair": [*before, a, b, *after], "special_tokens": special}


def added_token(r, content):
    token = {"content": content, **{flag: r.random() < 0.4 for flag in FLAGS}}
    if content in ["<unk>", "</s>", "<s>", "<pad>"]:
        token |= {"special": True, "normalized": False}
    return token


def added_tokens(r, vocab, size):
    contents = [t for t in ["<unk>", "</s>", "<s>", "<pad>"] if r.random() < 0.8]
    contents += r.sample(["<x>", "<extra>", "<mask>", "the", "é", "e\u0301", "Straße", "日", "▁a", "ab", "abc", "a b", "👍", "ΑΣ", "<0xE6>"],
                         r.randint(0, 5))
    tokens, following = [], size
    for content in contents:
        if content in vocab:
            at = vocab[content]
        else:
            at, following = following, following + 1
        tokens.append({"id": at, **added_token(r, content)})
    return sorted(tokens, key=lambda t: t["id"])


def configuration(r, added):
    """tokenizer_config.json, special_tokens_map.json, added_tokens.json"""
    named = lambda t: t if r.random() < 0.7 else {"__type": "AddedToken", **{k: v for k, v in added_token(r, t).items()}}
    config = {"tokenizer_class": r.choice(["PreTrainedTokenizerFast", "TokenizersBackend", "PreTrainedTokenizer"])}
    for key, value in [("eos_token", "</s>"), ("pad_token", "<pad>"), ("unk_token", "<unk>"), ("bos_token", "<s>"), ("sep_token", "<sep>"),
                       ("mask_token", "<mask>"), ("image_token", "<image>")]:
        if r.random() < (0.7 if key in ("eos_token", "pad_token") else 0.15):
            config[key] = named(value)
    for key, values in [("padding_side", ["left", "right"]), ("truncation_side", ["left", "right"]), ("model_max_length", [4, 512]),
                        ("clean_up_tokenization_spaces", [True, False]), ("add_bos_token", [True, False]), ("add_eos_token", [True]),
                        ("clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output", [True]),
                        ("split_special_tokens", [True]), ("add_prefix_space", [True, False]), ("do_lower_case", [True]),
                        ("legacy", [True]), ("remove_space", [True]), ("keep_accents", [True]), ("strip_accents", [True]),
                        ("additional_special_tokens", [["<x>", "<new>"], ["the"]]), ("extra_special_tokens", [["<extra>"], {"video_token": "<video>"}]),
                        ("model_specific_special_tokens", [{"audio_token": "<audio>"}, {"the_token": "the"}])]:
        if r.random() < 0.15:
            config[key] = r.choice(values)
    if r.random() < 0.25:
        decoder = {str(t["id"]): {k: v for k, v in t.items() if k != "id"} for t in added}
        for one in decoder.values():
            if r.random() < 0.3:
                one[r.choice(FLAGS)] = r.random() < 0.5
        if r.random() < 0.3:
            decoder["5000"] = added_token(r, "<late>")
        config["added_tokens_decoder"] = decoder
    files = {"tokenizer_config.json": config}
    if r.random() < 0.15:
        value = lambda t: r.choice([t, {"content": t, "lstrip": False, "normalized": False, "rstrip": r.random() < 0.5, "single_word": False}])
        files["special_tokens_map.json"] = {"eos_token": value("<s>"), "pad_token": value("<pad>")}
        if r.random() < 0.5:
            files["special_tokens_map.json"]["additional_special_tokens"] = ["<x>", "<more>"]
    if r.random() < 0.1:
        files["added_tokens.json"] = {"<late>": 5000, "<x>": 5001}
    return files


def of_class(r, full, config):
    """Takes one of the classes that build a tokenizer of their own from the vocabulary."""
    kind = full["model"].get("type")
    names = {"BPE": ["LlamaTokenizer", "LlamaTokenizerFast", "Qwen2Tokenizer", "Qwen2TokenizerFast", "GPT2Tokenizer", "GemmaTokenizer", "GemmaTokenizerFast"],
             "Unigram": ["T5Tokenizer", "T5TokenizerFast"]}.get(kind)
    if names is None:
        return {}
    name = config["tokenizer_class"] = r.choice(names)
    for key, values in [("legacy", [True, False]), ("add_prefix_space", [True, False]), ("extra_ids", [0, 3]), ("padding_side", ["left", "right"])]:
        config.pop(key, None)
        if r.random() < 0.4:
            config[key] = r.choice(values)
    if kind == "BPE":
        for key in ["continuing_subword_prefix", "end_of_word_suffix"]:
            full["model"].pop(key, None)
    model_type = "t5" if kind == "Unigram" else r.choice(["qwen2", "qwen3"]) if name.startswith("Qwen2") \
        else r.choice(["gemma2", "gemma3_text", "llama"]) if name.startswith("Gemma") else r.choice(["llama", "mistral", "gpt2", "phi3"])
    if r.random() < 0.2:
        del config["tokenizer_class"]
    return {"config.json": {"model_type": model_type}}


def make(r):
    parts = {"normalizer": normalizer(r) if r.random() < 0.6 else None, "pre_tokenizer": pre_tokenizer(r) if r.random() < 0.85 else None}
    texts = [text(r) for _ in range(14)] + ["", " ", r.choice(WORDS)]
    made = model(r, pieces(parts, texts[:10]))
    if isinstance(made["vocab"], dict):
        vocab = made["vocab"]
    else:
        vocab = {t: i for i, (t, _) in enumerate(made["vocab"])}
    added = added_tokens(r, vocab, len(vocab))
    if r.random() < 0.1:
        del made["type"]  # as older files have it
    full = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": added, **parts,
            "post_processor": post_processor(r, vocab), "decoder": decoder(r) if r.random() < 0.85 else None, "model": made}
    if r.random() < 0.15:
        full["padding"] = {"strategy": r.choice(["BatchLongest", {"Fixed": 6}]), "direction": r.choice(["Left", "Right"]),
                           "pad_to_multiple_of": r.choice([None, 4]), "pad_id": 3, "pad_type_id": 0, "pad_token": r.choice(["<pad>", "[PAD]"])}
    if r.random() < 0.15:
        full["truncation"] = {"direction": r.choice(["Left", "Right"]), "max_length": 3, "strategy": "LongestFirst", "stride": 0}
    files = configuration(r, added)
    if r.random() < 0.2:
        files |= of_class(r, full, files["tokenizer_config.json"])
    return {"config.json": {"model_type": "llama"}, "tokenizer.json": full, **files}, texts


def ask(folder, texts, r):
    tokenizer = AutoTokenizer.from_pretrained(folder)
    size = len(tokenizer)
    asked = {"vocab_size": size, "max_id": max(tokenizer.get_vocab().values()), "pad_id": tokenizer.pad_token_id, "eos_id": tokenizer.eos_token_id,
             "bos_id": tokenizer.bos_token_id, "unk_id": tokenizer.unk_token_id,
             "encode": [], "decode": [], "batch": []}
    limit = r.randint(4, 7)

    def attempt(call):
        try:
            return call()
        except BaseException as error:  # the Rust code panics where it may not
            if isinstance(error, KeyboardInterrupt):
                raise
            return None

    for one in texts:
        asked["encode"].append({"text": one, "ids": attempt(lambda: tokenizer.encode(one)), "limit": limit,
                                "bare": attempt(lambda: tokenizer.encode(one, add_special_tokens=False)),
                                "cut": attempt(lambda: tokenizer.encode(one, truncation=True, max_length=limit)),
                                "bare_cut": attempt(lambda: tokenizer.encode(one, truncation=True, max_length=limit, add_special_tokens=False))})
    rows = [row["ids"] for row in asked["encode"] if row["ids"]]
    rows += [[r.randrange(size + 3) for _ in range(r.randint(1, 9))] for _ in range(5)] + [[]]
    for row in rows:
        asked["decode"].append({"ids": row, "text": attempt(lambda: tokenizer.decode(row)),
                                "plain": attempt(lambda: tokenizer.decode(row, skip_special_tokens=True))})
    if tokenizer.pad_token is not None:
        some = texts[:3]
        batch = attempt(lambda: tokenizer(some, padding=True, truncation=True, max_length=limit))
        if batch is not None:
            asked["batch"].append({"texts": some, "limit": limit, "ids": batch["input_ids"], "mask": batch["attention_mask"]})
    return asked


def run(files, texts, r):
    with tempfile.TemporaryDirectory() as folder:
        for name, content in files.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                json.dump(content, file)
        try:
            return {"files": files, "asked": ask(folder, texts, r)}
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            return {"files": files, "error": f"{type(error).__name__}: {error}"[:300]}


if __name__ == "__main__":
    seed, count = int(sys.argv[1]), int(sys.argv[2])
    cases = []
    for number in range(count):
        r = random.Random(seed * 100_000 + number)
        files, texts = make(r)
        cases.append({"number": number, **run(files, texts, r)})
    json.dump(cases, sys.stdout)
