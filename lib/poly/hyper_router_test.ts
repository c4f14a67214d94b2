import assert from "node:assert/strict";
import { useBackend } from "../backend/backend.ts";
import { assertClose } from "../testing/assert_close.ts";
import { lacking } from "../testing/lacking.ts";
import { toyInput, ToyModel } from "../testing/models/toy_model.ts";
import { HAS_PYTHON, runTorch } from "../testing/python.ts";
import { wave } from "../testing/wave.ts";
import { slots } from "../peft/adapter_slots.ts";
import * as tf from "../tf.ts";
import { disposeAdapter } from "./adapter.ts";
import { PolyCall } from "./call.ts";
import { PolyConfig } from "./config.ts";
import { makeAdapter } from "./make_adapter.ts";
import { resizeTasks } from "./resize_tasks.ts";

const UP = "block.0.mlp.up";

/** One layer of HyperLoRA as PyTorch computes it, and its gradients. */
const SCRIPT = `
import json, sys, torch
given = {name: torch.tensor(value) for name, value in json.loads(sys.argv[1]).items()}
ids = given.pop("ids")
names = [name for name in given if name not in ("x", "weight", "bias", "coefficients")]
for name in names:
    given[name].requires_grad_()
of = lambda name: given["${UP}." + name]
e = torch.nn.functional.embedding(ids, of("poly_router.task_embedding"))
hidden = torch.relu(torch.nn.functional.linear(e, of("poly_router.weight1"), of("poly_router.bias1")))
g = torch.nn.functional.linear(hidden, of("poly_router.weight2"), of("poly_router.bias2"))
A = torch.einsum("be,eir->bir", g, of("poly_lora_A")[0])
B = torch.einsum("be,ero->bro", g, of("poly_lora_B")[0])
y = torch.nn.functional.linear(given["x"], given["weight"], given["bias"])
y = y + torch.bmm(torch.bmm(given["x"], A), B) / A.shape[2]
(y * given["coefficients"]).sum().backward()
print(json.dumps({"y": y.tolist(), **{name: given[name].grad.tolist() for name in names}}))
`;

function hyperAdapter(base: ToyModel) {
  const config = new PolyConfig({
    target_modules: ["up"],
    n_tasks: 4,
    n_skills: 5,
    r: 3,
    settings: { router_type: "hypernetwork" },
  });
  return makeAdapter(base, "default", config, 0).adapter;
}

Deno.test({
  name: `HyperLoRA equals PyTorch: outputs and gradients${lacking("Python with PEFT", HAS_PYTHON)}`,
  ignore: !HAS_PYTHON,
  async fn() {
    await useBackend("wasm");
    const base = new ToyModel();
    const adapter = hyperAdapter(base);
    const all = slots(adapter);
    for (const [i, { variable }] of all.entries()) {
      tf.tidy(() => variable.assign(tf.tensor(wave(variable.size, 0.37 * i), variable.shape)));
    }
    const [x, ids] = [toyInput(), [2, 0, 2]];
    const coefficients = tf.tensor(wave(48, 0.9), [3, 2, 8]);
    const theirs = JSON.parse(
      await runTorch(SCRIPT, [JSON.stringify({
        ids,
        x: await x.array(),
        coefficients: await coefficients.array(),
        weight: await base.parameters.get(`${UP}.weight`).array(),
        bias: await base.parameters.get(`${UP}.bias`).array(),
        ...Object.fromEntries(
          await Promise.all(all.map(async ({ name, variable }) => [name, await variable.array()])),
        ),
      })]),
    );
    const compute = () => {
      const call = PolyCall.of(base.parameters, { taskIds: ids, adapters: [adapter] });
      const y = call.linear(UP, x);
      call.dispose();
      return y;
    };
    const y = compute();
    const expected = tf.tensor(theirs.y);
    await assertClose(y, expected, 1e-5, "outputs");
    const variables = all.map(({ variable }) => variable);
    const { value, grads } = tf.variableGrads(
      () => tf.sum(tf.mul(compute(), coefficients)) as tf.Scalar,
      variables,
    );
    for (const { name, variable } of all) {
      const gradient = tf.tensor(theirs[name]);
      await assertClose(grads[variable.name]!, gradient, 1e-5, name);
      gradient.dispose();
    }
    tf.dispose([value, y, expected, x, coefficients, ...Object.values(grads)]);
    disposeAdapter(adapter);
    base.dispose();
  },
});

Deno.test("an adapter with a hyper-network cannot be given other tasks by copying logits", async () => {
  await useBackend("cpu");
  const base = new ToyModel();
  const adapter = hyperAdapter(base);
  assert.throws(() => resizeTasks(adapter, 2, { keep: [] }), {
    name: "RangeError",
    message: /^Cannot resize adapter "default" as its tasks have no routing logits/,
  });
  disposeAdapter(adapter);
  base.dispose();
});
