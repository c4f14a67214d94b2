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

Deno.test("llamaClass() names class and Python module", () => {
  assert.deepEqual(llamaClass("qwen2"), {
    className: "Qwen2ForCausalLM",
    pythonModule: "transformers.models.qwen2.modeling_qwen2",
  });
  assert.equal(llamaClass("llama").className, "LlamaForCausalLM");
  assert.equal(llamaClass("mistral").pythonModule, "transformers.models.mistral.modeling_mistral");
});
