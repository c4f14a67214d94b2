import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { assertClose } from "../testing/assert_close.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { GOLDEN } from "../testing/golden.ts";
import { withFolder } from "../testing/with_folder.ts";
import * as tf from "../tf.ts";
import { AutoModelForCausalLM, AutoModelForSeq2SeqLM } from "./auto_model.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { HubError } from "../hub/hugging_face.ts";
import { openSafetensors } from "../files/safetensors.ts";
import { saveBaseModel } from "./save_model.ts";

const T5 = { vocab_size: 11, d_model: 6, d_kv: 3, d_ff: 5, num_heads: 2, num_layers: 1 };
const LLAMA = {
  vocab_size: 11,
  hidden_size: 8,
  intermediate_size: 6,
  num_hidden_layers: 1,
  num_attention_heads: 2,
};

onEachBackend(
  "AutoModelForSeq2SeqLM.fromPretrained() loads an mT5 as transformers does",
  async (on) => {
    await withFolder(async (dir) => {
      // Each weight of MT5ForConditionalGeneration: 0.9 · sin(0.7 i + the sum of its name's characters).
      const first = AutoModelForSeq2SeqLM.fromConfig({ ...T5, model_type: "mt5" }, { seed: 0 });
      const tensors = first.parameters.names.map((name) => {
        const { shape, size } = first.parameters.get(name);
        const phase = [...name].reduce((sum, character) => sum + character.charCodeAt(0), 0);
        const data = Float32Array.from({ length: size }, (_, i) => 0.9 * Math.sin(0.7 * i + phase));
        return [name, { shape, data }] as const;
      });
      await writeCheckpoint(dir, first.identity.config, tensors);
      first.dispose();
      const model = await AutoModelForSeq2SeqLM.fromPretrained(dir);
      assert.equal(model.identity.nameOrPath, dir);
      assert.equal(model.identity.modelType, "mt5");
      assert.equal(model.identity.className, "MT5ForConditionalGeneration");
      assert.equal(model.identity.pythonModule, "transformers.models.mt5.modeling_mt5");
      assert.deepEqual(model.modules[1], { name: "encoder", kind: "MT5Stack" });
      const outputs = model.forward({
        inputIds: [[4, 5, 1], [7, 1, 0]],
        attentionMask: [[1, 1, 1], [1, 1, 0]],
        labels: [[3, 1], [9, 1]],
      });
      const logits = [ // by transformers 5.17.0
        [-1.420874, 0.314369, 1.112628, -1.405325, 0.265323, 1.14517, -1.388187, 0.215978],
        [1.176417, -1.369479, 0.166388, -1.429552, 0.330834, 1.105162, -1.414469, 0.281756],
        [1.138201, -1.397787, 0.232359, 1.169954, -1.379524, 0.182699, -1.435579, 0.323137],
        [1.118736, -1.420082, 0.273685, 1.151728, -1.40298, 0.223924, 1.183418, -1.38429],
        [0.173909, -1.460393, 0.370764, 1.096851, -1.44625, 0.321228, 1.131279, -1.430471],
        [0.27133, 1.164427, -1.413075, 0.221124],
      ].flat();
      await assertClose(outputs.logits, { shape: [2, 2, 11], data: logits }, on.tolerance);
      await assertClose(outputs.loss, { shape: [], data: [3.267287] }, on.tolerance);
      tf.dispose({ ...outputs });
      model.dispose();
    });
  },
);

onEachBackend(
  "AutoModelForCausalLM.fromPretrained() loads the golden case qwen2_poly",
  async (on) => {
    const dir = join(GOLDEN, "qwen2_poly");
    const model = await AutoModelForCausalLM.fromPretrained(join(dir, "base"));
    assert.equal(model.identity.className, "Qwen2ForCausalLM");
    assert.equal(model.identity.pythonModule, "transformers.models.qwen2.modeling_qwen2");
    using expected = await openSafetensors(join(dir, "expected.safetensors"));
    const ids = (name: string) => {
      const { shape, data } = expected.read(name);
      return tf.tensor2d(data, shape as [number, number], "int32");
    };
    const inputs = { inputIds: ids("input_ids"), attentionMask: ids("attention_mask") };
    const { logits } = model.forward(inputs);
    await assertClose(logits, expected.read("base_logits"), on.tolerance);
    tf.dispose([logits, inputs.inputIds, inputs.attentionMask]);
    model.dispose();
  },
);

onEachBackend(
  "fromConfig() makes the same model from the same seed, and another from another",
  async () => {
    const config = { ...T5, model_type: "t5" };
    const weights = async (seed: number) => {
      const model = AutoModelForSeq2SeqLM.fromConfig(config, { seed });
      const data = await model.parameters.get("shared.weight").data();
      model.dispose();
      return data;
    };
    assert.deepEqual(await weights(3), await weights(3));
    assert.notDeepEqual(await weights(3), await weights(4));
  },
  { only: ["cpu"] },
);

onEachBackend("fromPretrained() and fromConfig() say which loader takes a model_type", async () => {
  await withFolder(async (dir) => {
    const cases = [
      [
        AutoModelForSeq2SeqLM,
        { ...LLAMA, model_type: "qwen2" },
        "TypeError",
        `AutoModelForSeq2SeqLM as its model_type is "qwen2"; use AutoModelForCausalLM`,
      ],
      [
        AutoModelForCausalLM,
        { ...T5, model_type: "mt5" },
        "TypeError",
        `AutoModelForCausalLM as its model_type is "mt5"; use AutoModelForSeq2SeqLM`,
      ],
      [
        AutoModelForCausalLM,
        { ...LLAMA, model_type: "gemma" },
        "RangeError",
        `AutoModelForCausalLM as its model_type must be one of llama, mistral, qwen2, qwen3, gemma2, gemma3_text, ` +
        `phi3: found "gemma"; name a model of one of these types`,
      ],
      [
        AutoModelForSeq2SeqLM,
        { ...T5 },
        "TypeError",
        `AutoModelForSeq2SeqLM as its configuration must name its model_type, ` +
        `one of t5, mt5: found undefined`,
      ],
      [
        AutoModelForSeq2SeqLM,
        { ...T5, model_type: 5 },
        "TypeError",
        `AutoModelForSeq2SeqLM as its configuration must name its model_type, one of t5, mt5: found 5`,
      ],
    ] as const;
    for (const [Auto, config, name, message] of cases) {
      await Deno.writeTextFile(join(dir, "config.json"), JSON.stringify(config));
      await assert.rejects(Auto.fromPretrained(dir), {
        name,
        message: `Cannot load "${dir}" with ${message}`,
      });
      assert.throws(() => Auto.fromConfig(config, { seed: 0 }), {
        name,
        message: `Cannot load a model from a configuration with ${message}`,
      });
    }
  });
}, { only: ["cpu"] });

onEachBackend("fromPretrained() frees what it has read when the weights do not fit", async () => {
  await withFolder(async (dir) => {
    const data = new Float32Array(4);
    await writeCheckpoint(dir, { ...T5, model_type: "t5" }, [["w", { shape: [4], data }]]);
    await assert.rejects(AutoModelForSeq2SeqLM.fromPretrained(dir), RangeError);
    await Deno.remove(join(dir, "config.json"));
    await assert.rejects(AutoModelForSeq2SeqLM.fromPretrained(dir), Deno.errors.NotFound);
    await assert.rejects(AutoModelForSeq2SeqLM.fromPretrained(join(dir, "no")), HubError);
  });
}, { only: ["cpu"] });

onEachBackend(
  "fromPretrained() does not download the weights of a model it cannot load",
  async () => {
    await withFolder(async (dir) => {
      await saveBaseModelOf(dir);
      const asked: string[] = [];
      const server = Deno.serve(
        { port: 0, hostname: "127.0.0.1", onListen() {} },
        async (request) => {
          const name = new URL(request.url).pathname.split("/").at(-1)!;
          if (name === "main") {
            const files = ["config.json", "model.safetensors"];
            return Response.json({ siblings: files.map((rfilename) => ({ rfilename })) });
          }
          asked.push(name);
          return new Response(await Deno.readFile(join(dir, name)));
        },
      );
      try {
        const options = {
          endpoint: `http://127.0.0.1:${server.addr.port}`,
          cacheDir: dir,
          token: "",
        };
        await assert.rejects(AutoModelForCausalLM.fromPretrained("org/name", options), TypeError);
        assert.deepEqual(asked, ["config.json"]);
        const model = await AutoModelForSeq2SeqLM.fromPretrained("org/name", options);
        assert.deepEqual(asked, ["config.json", "model.safetensors"]);
        assert.equal(model.identity.nameOrPath, "org/name");
        assert.ok(existsSync(join(dir, "polytropos", "org--name", "main", "model.safetensors")));
        model.dispose();
      } finally {
        await server.shutdown();
      }
    });
  },
  { only: ["cpu"] },
);

async function saveBaseModelOf(dir: string): Promise<void> {
  const model = AutoModelForSeq2SeqLM.fromConfig({ ...T5, model_type: "t5" }, { seed: 0 });
  await saveBaseModel(model, dir);
  model.dispose();
}
