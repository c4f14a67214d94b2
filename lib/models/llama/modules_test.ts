import assert from "node:assert/strict";
import { LLAMA_CASES } from "../../testing/cases/llama_case.ts";
import { parseLlamaConfig } from "./config.ts";
import { llamaClass, llamaModules } from "./modules.ts";

for (const [title, expected] of LLAMA_CASES) {
  Deno.test(`llamaModules() lists what PyTorch's named_modules() lists: ${title}`, () => {
    const modules = llamaModules(parseLlamaConfig(expected.config));
    assert.deepEqual(modules.map(({ name, kind }) => [name, kind]), expected.modules);
    const shapes = new Map(expected.parameters);
    for (const { name, kind, inFeatures, outFeatures } of modules) {
      if (kind === "Linear") {
        assert.deepEqual([outFeatures, inFeatures], shapes.get(`${name}.weight`));
      } else assert.deepEqual([outFeatures, inFeatures], [undefined, undefined], name);
    }
  });
}

Deno.test("llamaClass() names the class of transformers", () => {
  assert.equal(llamaClass("qwen2"), "Qwen2ForCausalLM");
  assert.equal(llamaClass("llama"), "LlamaForCausalLM");
  assert.equal(llamaClass("mistral"), "MistralForCausalLM");
  assert.equal(llamaClass("gemma3_text"), "Gemma3ForCausalLM");
});
