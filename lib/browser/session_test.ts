import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { readSafetensors } from "../files/safetensors.ts";
import { getPeftModel, PeftModel } from "../peft/peft_model.ts";
import { PolyConfig, type PolyConfigOptions } from "../poly/config.ts";
import { openBase } from "../run/open_base.ts";
import { withBase } from "../testing/samples/tiny_base.ts";
import * as tf from "../tf.ts";
import { putFiles } from "./page_files.ts";
import { Session } from "./session.ts";

const PAIRS = [{ input: "ab", target: "ba" }, { input: "cde", target: "edc" }];

/** A session on the smallest base with a fresh adapter, whose folder is told. */
function withSession(
  kind: "t5" | "llama",
  options: PolyConfigOptions,
  use: (session: Session, dir: string) => Promise<void>,
): Promise<void> {
  return withBase(kind, async (dir) => {
    await useBackend("wasm");
    const open = await openBase(dir, () => {});
    const targets = kind === "t5" ? ["q", "v"] : ["q_proj"];
    const config = { r: 2, init_weights: false, target_modules: targets, ...options };
    await getPeftModel(open.base, new PolyConfig(config)).savePretrained(`${dir}/adapter`);
    const session = await Session.start(open, `${dir}/adapter`, (warning) => assert.fail(warning));
    await use(session, dir);
    session.end();
    open.base.dispose();
  });
}

const sizes = { n_tasks: 2, n_skills: 3, n_splits: 2 };

Deno.test("a session adapts the routing of its own task, and nothing else", () =>
  withSession("llama", { ...sizes, task_type: "CAUSAL_LM" }, async (session, dir) => {
    const losses: number[] = [];
    const before = tf.memory().numTensors;
    for await (const loss of session.adapt(PAIRS, { steps: 5, learningRate: 0.3 })) {
      losses.push(loss);
    }
    assert.equal(tf.memory().numTensors, before, "tensors that are left");
    assert.equal(losses.length, 6);
    assert.ok(losses.at(-1)! < losses[0]!, losses.join(", "));
    assert.equal(await session.loss(PAIRS, 2), losses.at(-1));

    const files = await session.save(`${dir}/handed-out`);
    assert.deepEqual([...files.keys()].sort(), [
      "adapter_config.json",
      "adapter_model.safetensors",
    ]);
    await putFiles(`${dir}/saved`, files);
    const [old, now] = await Promise.all(
      ["adapter", "saved"].map((name) =>
        readSafetensors(`${dir}/${name}/adapter_model.safetensors`)
      ),
    );
    for (const [name, { shape, data }] of now!) {
      const isRouting = name.endsWith("module_logits");
      assert.deepEqual(shape[0], isRouting ? 3 : old!.get(name)!.shape[0], name);
      assert.deepEqual(data.slice(0, old!.get(name)!.data.length), old!.get(name)!.data, name);
    }
  }));

Deno.test("a session answers by each task, by its mixture and by the base alone", () =>
  withSession("t5", { ...sizes, task_type: "SEQ_2_SEQ_LM" }, async (session, dir) => {
    const { byHand } = session;
    for (const name of byHand!.names) byHand!.set(name, byHand!.weights(name, 1));
    const [base, first, second, hand] = await session.answers("abc", [null, 0, 1, 2]);
    assert.equal(hand, second);
    const open = await openBase(dir, () => {});
    const model = await PeftModel.fromPretrained(open.base, `${dir}/adapter`);
    const ids = open.tokenizer.encodeBatch(["abc"]);
    const text = async (taskIds: number[]) => {
      const [row] = await model.generate({ ...ids, taskIds, max_new_tokens: 64 });
      return open.tokenizer.decode(row!, { skipSpecialTokens: true });
    };
    assert.equal(first, await text([0]));
    assert.equal(base, await model.disableAdapter(() => text([0])));
    assert.equal(session.description.slice(0, 35), "2 tasks, 3 skills, 2 splits, rank 2");
    open.base.dispose();
  }));

Deno.test("a session leaves routing alone that is no learned logits, and says why it cannot adapt", () =>
  withSession("t5", {
    ...{ n_tasks: 2, n_skills: 2, task_type: "SEQ_2_SEQ_LM" },
    settings: { router_allocation: [[1, 0], [0, 1]] },
  }, async (session) => {
    assert.equal(session.byHand, null);
    await assert.rejects(session.adapt(PAIRS, { steps: 1, learningRate: 1 }).next(), {
      message: "Cannot adapt as the adapter's routing is fixed",
    });
  }));
