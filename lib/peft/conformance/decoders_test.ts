/** Random small decoders of every type and rotary scaling, with adapters, beside transformers and PEFT. */
import assert from "node:assert/strict";
import { useBackend } from "../../backend/backend.ts";
import { AutoModelForCausalLM } from "../../models/auto_model.ts";
import type { LanguageModel } from "../../models/base_model.ts";
import { generate } from "../../models/generation/generate.ts";
import { assertClose } from "../../testing/assert_close.ts";
import { lacking } from "../../testing/lacking.ts";
import { HAS_PYTHON, runTorch } from "../../testing/python.ts";
import * as tf from "../../tf.ts";
import { defaultTargets } from "../../poly/targets/default_targets.ts";
import { PeftModel } from "../peft_model.ts";

const SCRIPT = new URL("../../testing/cases/random_decoders.py", import.meta.url);
const SEED = Deno.env.get("DECODER_SEED") ?? "1";
/** Models of each kind; 30 of seven kinds take a minute of Python. */
const COUNT = Deno.env.get("DECODER_COUNT") ?? "5";

/** What transformers and PEFT computed with one model. */
interface Case {
  readonly kind: string;
  readonly raw: Readonly<Record<string, unknown>>;
  readonly ids: number[][];
  readonly mask: number[][];
  readonly tasks: number[];
  readonly logits: number[][][];
  readonly greedy: number[][];
  readonly beams: number[][];
  /** The logits with the adapter. */
  readonly adapted: number[][][];
}

/** The logits of the positions that count: what padding sees depends on how attention is computed. */
async function assertSame(
  actual: tf.Tensor3D,
  expected: number[][][],
  mask: number[][],
  what: string,
) {
  const rows = tf.tidy(() => {
    const counts = tf.tensor3d(mask.map((row) => row.map((seen) => [seen])));
    return [tf.mul(actual, counts), tf.mul(tf.tensor3d(expected), counts)];
  });
  await assertClose(rows[0]!, rows[1]!, 1e-5, what);
  tf.dispose([actual, rows]);
}

Deno.test({
  name: `${COUNT} random models of each kind give the logits and texts of transformers and PEFT` +
    lacking("Python with PEFT", HAS_PYTHON),
  ignore: !HAS_PYTHON,
  async fn() {
    await useBackend("cpu");
    const dir = await Deno.makeTempDir({ prefix: "decoders_" });
    const printed = await runTorch(await Deno.readTextFile(SCRIPT), [dir, COUNT, SEED]);
    const seen = new Map<string, number>();
    for (const asked of JSON.parse(printed) as Case[]) {
      const { kind, raw, ids, mask, tasks } = asked;
      const at = seen.get(kind) ?? 0;
      seen.set(kind, at + 1);
      const what = `${kind} ${at}: ${JSON.stringify({ raw, ids, mask })}`;
      const base: LanguageModel = await AutoModelForCausalLM.fromPretrained(
        `${dir}/${kind}/${at}/base`,
      );
      const inputs = { inputIds: ids, attentionMask: mask };
      await assertSame(base.forward(inputs).logits, asked.logits, mask, what);
      const greedy = await generate(base, inputs, { max_new_tokens: 6 });
      assert.deepEqual(greedy, asked.greedy, `greedy, ${what}`);
      const beams = await generate(base, inputs, { max_new_tokens: 6, num_beams: 3 });
      assert.deepEqual(beams, asked.beams, `beams, ${what}`);

      const adapter = `${dir}/${kind}/${at}/adapter`;
      const file = JSON.parse(await Deno.readTextFile(`${adapter}/adapter_config.json`));
      if (kind === "phi3") {
        assert.throws(() => defaultTargets(kind), /Please specify `target_modules`/);
      } else {assert.deepEqual(
          file.target_modules.sort(),
          defaultTargets(`${raw.model_type}`),
          what,
        );}
      const model = await PeftModel.fromPretrained(base, adapter);
      const { logits } = model.forward({ ...inputs, taskIds: tasks });
      await assertSame(logits, asked.adapted, mask, `adapted, ${what}`);
      model.dispose();
    }
    assert.ok([...seen.values()].every((count) => `${count}` === COUNT), `${[...seen]}`);
    await Deno.remove(dir, { recursive: true });
  },
});
