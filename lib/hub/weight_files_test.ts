import assert from "node:assert/strict";
import { bytes, LISTING, rejects, TestHub } from "../testing/fakes/test_hub.ts";
import { ADAPTER_FILES } from "./hugging_face.ts";

Deno.test("resolveModel() downloads nothing of a model whose weights it cannot read", async () => {
  const cases: [remove: string, add: string, patterns: string[] | undefined][] = [
    ["model.safetensors", "pytorch_model.bin", undefined],
    ["model.safetensors", "q4.gguf", undefined],
    ["adapter_model.safetensors", "adapter_model.bin", [...ADAPTER_FILES]],
  ];
  for (const [missing, other, patterns] of cases) {
    await using hub = await TestHub.start();
    hub.files.delete("pytorch_model.bin");
    hub.files.delete(missing);
    hub.files.set(other, bytes("weights")).set("adapter_config.json", bytes("{}"));
    await rejects(
      hub.resolve(patterns === undefined ? {} : { patterns }),
      "not_found",
      new RegExp(`must be in safetensors files: it has ${other}; load it once with Python, save`),
    );
    assert.deepEqual(hub.asked, [LISTING]);
  }
});
