import assert from "node:assert/strict";
import { tokenizerClass } from "./tokenizer_class.ts";

Deno.test("tokenizerClass() chooses as AutoTokenizer of transformers 5.17 does", () => {
  const cases: [string | null, string | null, string][] = [
    [null, null, "TokenizersBackend"],
    [null, "llama", "TokenizersBackend"],
    [null, "t5", "T5Tokenizer"],
    [null, "qwen2", "Qwen2Tokenizer"],
    ["PreTrainedTokenizerFast", "t5", "TokenizersBackend"],
    ["PreTrainedTokenizerFast", "qwen2", "Qwen2Tokenizer"],
    ["LlamaTokenizerFast", "llama", "LlamaTokenizer"],
    ["LlamaTokenizer", "mistral", "TokenizersBackend"],
    ["GPT2Tokenizer", "llama", "GPT2Tokenizer"],
    ["T5TokenizerFast", "umt5", "TokenizersBackend"],
    [null, "gemma2", "GemmaTokenizer"],
    ["GemmaTokenizerFast", "gemma3_text", "GemmaTokenizer"],
    ["PreTrainedTokenizerFast", "qwen3", "TokenizersBackend"],
    [null, "qwen3", "Qwen2Tokenizer"],
    ["LlamaTokenizer", "phi3", "TokenizersBackend"],
  ];
  for (const [tokenizer_class, model_type, name] of cases) {
    assert.equal(tokenizerClass({ tokenizer_class }, { model_type }), name);
    assert.equal(tokenizerClass(null, { tokenizer_class, model_type }), name);
  }
});

Deno.test("tokenizerClass() refuses a class that builds another tokenizer, with the remedy", () => {
  for (const tokenizer_class of ["BertTokenizer", "XGLMTokenizerFast", "MyTokenizer"]) {
    assert.throws(() => tokenizerClass({ tokenizer_class }, null), {
      name: "RangeError",
      message: new RegExp(
        `"${tokenizer_class}" is not supported.*"TokenizersBackend" to have what`,
      ),
    });
  }
});
