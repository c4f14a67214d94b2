"""Writes tokenizer_cases.json: small tokenizers on which an earlier version, or the JavaScript library that
it used, silently differed from Python, with what transformers does with them.

    python make_tokenizer_cases.py > tokenizer_cases.json && deno fmt tokenizer_cases.json
"""

import json
import os
import random
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from random_tokenizers import charsmap, pieces, run

CASES = []
SPECIAL = ["<unk>", "</s>", "<s>", "<pad>"]


def flags(content, **changed):
    return {"content": content, "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True} | changed


def case(fault, name, texts, parts=None, model=None, added=(), config=None, more=None, model_type="llama"):
    """A tokenizer, by default of whole words that are the pieces of the texts."""
    parts = {"normalizer": None, "pre_tokenizer": None, "decoder": None, "post_processor": None} | (parts or {})
    if model is None:
        words = pieces({k: parts[k] for k in ["normalizer", "pre_tokenizer"]}, texts)
        model = whole_words(words)
    vocab = model["vocab"] if isinstance(model["vocab"], dict) else {t: i for i, (t, _) in enumerate(model["vocab"])}
    listed, following = [], len(vocab)
    for token in added:
        listed.append({"id": vocab.get(token["content"], following), **token})
        following += token["content"] not in vocab
    parts, extra = {k: v for k, v in parts.items() if k not in ("padding", "truncation")}, {k: parts[k] for k in parts if k in ("padding", "truncation")}
    full = {"version": "1.0", "truncation": None, "padding": None, "added_tokens": listed, **parts, **extra, "model": model}
    files = {"config.json": {"model_type": model_type}, "tokenizer.json": full, "tokenizer_config.json": config or {}} | (more or {})
    done = run(files, texts, random.Random(len(CASES)))
    assert "asked" in done, (name, done.get("error"))
    CASES.append({"fault": fault, "name": name, **done})


def whole_words(words):
    """A model whose tokens are whole words, of a type that was always computed."""
    return bpe(words, [], ignore_merges=True, fuse_unk=True)


def template(*before_and_after):
    before, after = before_and_after
    piece = lambda t: {"SpecialToken": {"id": t, "type_id": 0}}
    a, b = {"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}
    ids = {"<s>": [2], "</s>": [1], "two": [1, 2]}
    return {"type": "TemplateProcessing", "single": [*map(piece, before), a, *map(piece, after)], "pair": [*map(piece, before), a, b],
            "special_tokens": {t: {"id": t, "ids": ids[t], "tokens": [SPECIAL[i] for i in ids[t]]} for t in {*before, *after}}}


def split(pattern, behavior="Isolated", invert=False):
    return {"type": "Split", "pattern": pattern, "behavior": behavior, "invert": invert}


def bpe(tokens, merges, **options):
    return {"type": "BPE", "vocab": {t: i for i, t in enumerate(dict.fromkeys(SPECIAL + tokens))}, "merges": merges, "unk_token": "<unk>"} | options


def unigram(tokens, **options):
    return {"type": "Unigram", "unk_id": 0, "vocab": [[t, 0.0] for t in SPECIAL] + tokens} | options


def main():
    space = {"type": "WhitespaceSplit"}
    bert = lambda **o: {"type": "BertNormalizer", "clean_text": False, "handle_chinese_chars": False, "strip_accents": False, "lowercase": False} | o
    meta = lambda scheme, cut=True: {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": cut}
    sequence = lambda *of: {"type": "Sequence", "pretokenizers": list(of)}
    case("T1", "add_bos_token and add_eos_token beside a tokenizer.json", ["the"], {"post_processor": template(["<s>"], [])},
         config={"add_eos_token": True, "add_bos_token": False, "eos_token": "</s>"})
    case("T2", "Whitespace takes letters of every script for a word", ["naïve café", "日本 x_y שָׁלוֹם", "a\u200db"], {"pre_tokenizer": {"type": "Whitespace"}})
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        case("T3", f"Punctuation {behavior}", ["a--b", "--a", "b!", "a\u2e43b ¡c"], {"pre_tokenizer": {"type": "Punctuation", "behavior": behavior}})
    case("T5", "padding.direction of tokenizer.json", ["a b", "a"], {"pre_tokenizer": space, "padding": {
        "strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None, "pad_id": 3, "pad_type_id": 0, "pad_token": "<pad>"}})
    for side in [{"truncation_side": "left"}, {}]:
        case("T6", f"truncation from the left, {'config' if side else 'file'}", ["a b c d e f g h i", "a"], {"pre_tokenizer": space, "post_processor": template([], ["</s>"]), "truncation": {
            "direction": "Right" if side else "Left", "max_length": 3, "strategy": "LongestFirst", "stride": 0}}, config=side)
    case("T7", "unknown words beside each other stay apart", ["Ž ž", "ŽŽ ž a"], {"pre_tokenizer": space}, bpe(["a"], [], fuse_unk=True))
    case("T7", "unknown words beside each other stay apart, unigram", ["Ž ž", "ŽŽ ž a"], {"pre_tokenizer": space}, unigram([["a", -1.0]]))
    for single in [True, False]:
        case("T8", f"Digits of every script, individual {single}", ["٣٤ ①", "a12²b"], {"pre_tokenizer": {"type": "Digits", "individual_digits": single}})
    for scheme in ["first", "never", "always"]:
        case("T9", f"Metaspace {scheme} after another pre-tokenizer", ["the fox", " the fox", "<x>the fox"], {"pre_tokenizer": sequence(space, meta(scheme))}, added=[flags("<x>")])
    case("T9", "Metaspace first after a normalizer", ["  the fox", "ﬁx the", "the"], {"normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Strip", "strip_left": True, "strip_right": False}, {"type": "NFKC"}]}, "pre_tokenizer": sequence(split({"String": "i"}), meta("first"))})
    case("T10", "Lowercase has no final sigma", ["ΑΣ", "ὈΔΥΣΣΕΎΣ İI"], {"normalizer": {"type": "Lowercase"}})
    case("T10", "BertNormalizer has no final sigma", ["ΑΣ", "İstanbul"], {"normalizer": bert(lowercase=True, strip_accents=None)})
    case("T11", "handle_chinese_chars beyond U+FFFF", ["𠀀𠀁", "日𫠠本"], {"normalizer": bert(handle_chinese_chars=True)})
    case("T12", "additional_special_tokens that tokenizer.json has as not special", ["a <x>"], {"pre_tokenizer": space}, added=[flags("<x>", special=False)],
         config={"additional_special_tokens": ["<x>"]})
    case("T14", "U+0085 is a space, U+FEFF is none", ["a\u0085b", "a\ufeffb", "\ufeff a"], {"normalizer": {"type": "Strip", "strip_left": True, "strip_right": True}, "pre_tokenizer": space})
    case("T14", "bytes of a mark that begins a text", ["\ufeffa", "é日"], {"decoder": {"type": "Sequence", "decoders": [{"type": "ByteFallback"}, {"type": "Fuse"}]}},
         bpe(["a", *[f"<0x{b:02X}>" for b in range(256)]], [], byte_fallback=True))
    case("T14", "a text that becomes an added token", ["<EXTRA>", "a<extra>"], {"normalizer": {"type": "Lowercase"}, "pre_tokenizer": space}, whole_words(["a"]), added=[flags("<extra>")])
    # Found beside Python since.
    case("T15", "Metaspace that does not split", ["the fox"], {"pre_tokenizer": meta("always", False)})
    case("T15", "Metaspace splits pieces for the model", ["a b"], {"pre_tokenizer": meta("always")}, bpe(["▁", "a", "b", "a▁"], [["a", "▁"]]))
    case("T16", "Prepend before an empty text", ["", "a"], {"normalizer": {"type": "Sequence", "normalizers": [
        {"type": "Replace", "pattern": {"String": "a"}, "content": ""}, {"type": "Prepend", "prepend": "▁"}]}})
    case("T17", "BertNormalizer clean_text", ["a\u0000b\u00adc\ufffd\u200bd\te\u0085f\ue000", "a\U000110cdb"], {"normalizer": bert(clean_text=True)})
    case("T17", "accents that BertNormalizer and StripAccents take away", ["e\u0301ö\u0323 \u0903a\u20dd\u0897", "é"],
         {"normalizer": {"type": "Sequence", "normalizers": [bert(strip_accents=True), {"type": "StripAccents"}]}})
    case("T18", "normal forms of characters newer than the Rust tables", ["\u32ff \U0001f16c a\u0897\u0323", "ﬁ①각\u1112\u1161\u11ab"], {"normalizer": {"type": "NFKC"}})
    case("T19", "Nmt", ["a\u200bb\u0007c\u2581d\ufeff\u00a0"], {"normalizer": {"type": "Nmt"}})
    case("T19", "ByteLevel as normalizer", ["é 日"], {"normalizer": {"type": "ByteLevel"}}, added=[flags("日", normalized=True, special=False)])
    case("T20", "FixedLength counts characters", ["ab😀c𠀀"], {"pre_tokenizer": {"type": "FixedLength", "length": 2}})
    case("T20", "WordLevel", ["a b c"], {"pre_tokenizer": space}, {"type": "WordLevel", "vocab": {"a": 1, "b": 7, "?": 3}, "unk_token": "?"})
    case("T20", "CharDelimiterSplit", ["a-b--c", "-"], {"pre_tokenizer": {"type": "CharDelimiterSplit", "delimiter": "-"}})
    case("T21", "Split with groups, removed", ["xaby", "abab"], {"pre_tokenizer": split({"Regex": "(a)(b)"}, "Removed")})
    for behavior in ["Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"]:
        case("T21", f"Split inverted, {behavior}", ["a12b3", "1"], {"pre_tokenizer": split({"Regex": r"\d"}, behavior, True)})
    case("T22", "possessive quantifiers and atomic groups", ["aab aaa", "abc ab"], {"pre_tokenizer": split({"Regex": "a++a|(?>a|ab)c|b++"})})
    case("T22", "letters without case match the long s and the Kelvin sign", ["it'ſ it's IT'S 'K"], {"pre_tokenizer": split({"Regex": "(?i:'s|'k)"})})
    case("T22", "empty matches", ["aXbX", "😀X"], {"normalizer": {"type": "Replace", "pattern": {"Regex": "X|"}, "content": "-"}})
    case("T23", "BPE with prefix and suffix", ["abab", "b", "a"], None, bpe(["a", "##b", "##a", "##b</w>", "b</w>", "a</w>", "a##", "ab", "##ab</w>"],
         [["##a", "##b</w>"], ["a", "##b"]], continuing_subword_prefix="##", end_of_word_suffix="</w>"),)
    case("T23", "BPE falls back on bytes before it merges", ["é", "aéé"], None, bpe(["a", "<0xC3>", "<0xA9>", "<0xC3><0xA9>"], [["<0xC3>", "<0xA9>"]], byte_fallback=True))
    case("T23", "BPE without an unknown token", ["aéa", "é"], None, bpe(["a"], [], unk_token=None))
    case("T24", "Unigram falls back on bytes", ["aé日", "é"], None, unigram([["a", -1.0], ["<0xC3>", -9.0], ["<0xA9>", -9.0]], byte_fallback=True))
    case("T24", "Unigram scores its unknown token as any other", ["a<unk>b"], None, unigram([["a", -1.0], ["b", -1.0], ["<", -1.0], ["unk", -2.0], [">", -3.0]]))
    tokens = ["the", "##ly", " do not", " ?", "x", "▁a▁", "▁b", "<0xE6>", "<0x+F>", "a</w>", "😀😀x"]
    words = whole_words(tokens)
    for decoder in [{"type": "WordPiece", "prefix": "##", "cleanup": True}, {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "▁", "cleanup": True},
                    {"type": "BPEDecoder", "suffix": "</w>"}, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "never", "split": True},
                    {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}, {"type": "Strip", "content": "😀", "start": 1, "stop": 0},
                    {"type": "ByteFallback"}, {"type": "Replace", "pattern": {"String": "a"}, "content": "$&"}]:
        case("T25", f"decoder {decoder['type']} {decoder.get('prepend_scheme', '')}".strip(), tokens, {"decoder": decoder}, words)
    case("T26", "single_word, lstrip and rstrip", ["abc ab  ab éab", "<x>  <x> ", "𞤀ab"], {"pre_tokenizer": space}, added=[flags("ab", single_word=True), flags("<x>", lstrip=True, rstrip=True)])
    case("T26", "an added token in normal form", ["STRASSE straße Straße"], {"normalizer": {"type": "Lowercase"}, "pre_tokenizer": space},
         added=[flags("Straße", normalized=True, special=False), flags("Straßen", normalized=True)])
    case("T26", "split_special_tokens", ["a<x> <x>"], {"pre_tokenizer": space}, added=[flags("<x>")], config={"split_special_tokens": True})
    case("T27", "a special token of a template with two ids", ["a"], {"post_processor": template(["<s>"], ["two"])})
    case("T27", "post-processors in sequence", ["a b"], {"pre_tokenizer": space, "post_processor": {"type": "Sequence", "processors": [
        template(["<s>"], []), {"type": "RobertaProcessing", "sep": ["</s>", 1], "cls": ["<s>", 2], "trim_offsets": True, "add_prefix_space": True}]}})
    case("T28", "special_tokens_map.json before tokenizer_config.json", ["a"], config={"eos_token": "</s>", "pad_token": "<pad>"},
         more={"special_tokens_map.json": {"eos_token": {"content": "<s>", "lstrip": False, "rstrip": True, "single_word": False, "normalized": False}}})
    case("T28", "added_tokens_decoder changes flags and adds", ["a<x> b", "a <late>"], {"pre_tokenizer": space}, added=[flags("<x>")], config={
        "pad_token": "<pad>", "added_tokens_decoder": {"9": flags("<x>", rstrip=True, special=False), "50": flags("<late>")}})
    case("T28", "special tokens that are not in the vocabulary", ["a<image><new>"], config={"pad_token": "[PAD]", "image_token": "<image>", "extra_special_tokens": ["<new>"]})
    case("T28", "added_tokens.json", ["a<late>"], config={"eos_token": "<late>"}, more={"added_tokens.json": {"<late>": 70}})
    case("T28", "the padding token of tokenizer.json", ["a"], {"padding": {"strategy": "BatchLongest", "direction": "Right", "pad_to_multiple_of": None, "pad_id": 3,
         "pad_type_id": 0, "pad_token": "[PAD]"}}, config={"eos_token": "</s>"})
    case("T29", "clean_up_tokenization_spaces for byte pairs", ["a ."], {"pre_tokenizer": space}, bpe(["a", "."], []), config={
        "clean_up_tokenization_spaces": True, "clean_up_tokenization_spaces_for_bpe_even_though_it_will_corrupt_output": True})
    case("T30", "Precompiled is the map it holds", ["ﬁ①é", "e\u0301 A\u200b T", "👍日"], {"normalizer": {"type": "Precompiled", "precompiled_charsmap": charsmap(random.Random(7), 3)}})
    llama = bpe(["▁", "a", "b", "▁a", "Ġa"], [["▁", "a"], ["Ġ", "a"]], byte_fallback=False)
    llama["vocab"] |= {"Ġ": 99, "<|endoftext|>": 100}
    for name, config in [("LlamaTokenizer", {}), ("LlamaTokenizerFast", {"legacy": True}), ("LlamaTokenizer", {"add_prefix_space": False}),
                         ("Qwen2Tokenizer", {}), ("GPT2Tokenizer", {"add_prefix_space": True})]:
        case("T31", f"{name} builds its own {json.dumps(config)}", ["a a", "</s>a b", " a"], {"normalizer": {"type": "Lowercase"}, "post_processor": template(["<s>"], [])}, llama,
             added=[flags("</s>")], config={"tokenizer_class": name} | config, model_type="qwen2" if name.startswith("Qwen") else "llama")
    case("T31", "T5Tokenizer builds its own", ["a  b", "a<extra_id_0>"], {"normalizer": {"type": "Lowercase"}, "decoder": {"type": "Fuse"}},
         unigram([["▁", -2.0], ["▁a", -1.0], ["b", -1.0]]), config={"tokenizer_class": "T5TokenizerFast", "extra_ids": 2}, model_type="t5")
    case("T31", "a model of type mistral takes tokenizer.json as it is", ["A a"], {"normalizer": {"type": "Lowercase"}, "pre_tokenizer": space}, config={"tokenizer_class": "LlamaTokenizer"},
         model_type="mistral")


if __name__ == "__main__":
    main()
    print("[")
    print(",\n".join(json.dumps(one, ensure_ascii=True) for one in CASES))
    print("]")
