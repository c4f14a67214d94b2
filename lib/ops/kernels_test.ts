/**
 * The contract of kernels as the compiler keeps it: a call with another name, input or attribute does not
 * compile, nor does a table of another. `deno check` fails when one of the errors expected here is gone.
 */
import assert from "node:assert/strict";
import * as tf from "../tf.ts";
import { differentiate, isFused, kernelConfigs, runKernel } from "./fused.ts";
import type { KernelTable } from "./kernels.ts";
import { splitHeads } from "./split_heads.ts";
import "./rms_norm.ts";

/** Registers a table on the plain JavaScript backend for the time of a test. */
function withKernels(table: Partial<KernelTable<unknown>>, test: () => void): void {
  const configs = kernelConfigs("cpu", table, (backend) => backend);
  for (const config of configs) tf.registerKernel(config);
  try {
    test();
  } finally {
    for (const { kernelName } of configs) tf.unregisterKernel(kernelName, "cpu");
  }
}

Deno.test("runKernel() runs the kernel of a partial table, handed what the table's kernels share", async () => {
  await tf.setBackend("cpu");
  const x = tf.zeros<tf.Rank.R3>([1, 2, 2]);
  const answer = tf.ones([1, 1, 2, 2]);
  const seen: unknown[] = [];
  const SwapMiddle: KernelTable<unknown>["SwapMiddle"] = (backend, { x }) => {
    seen.push(backend, x.shape);
    tf.engine().backend.incRef(answer.dataId);
    return [{ dataId: answer.dataId, shape: x.shape, dtype: x.dtype }];
  };
  withKernels({ SwapMiddle }, () => {
    const split = splitHeads(x, 1);
    assert.deepEqual([...split.dataSync()], [1, 1, 1, 1]);
    assert.deepEqual(seen, [tf.backend(), [1, 2, 1, 2]]);
    split.dispose();
  });
  const plain = splitHeads(x, 1);
  assert.deepEqual([...plain.dataSync()], [0, 0, 0, 0]);
  tf.dispose([x, answer, plain]);
});

Deno.test("isFused() says no where the backend lacks a kernel of the gradients", async () => {
  await tf.setBackend("cpu");
  const forward: Partial<KernelTable<unknown>> = { RmsNorm: (_, { x }) => [x] };
  const backward: Partial<KernelTable<unknown>> = {
    RmsNormGrad: (_, { dy }) => [dy],
    RmsNormGradWeight: (_, { x }) => [x],
  };
  withKernels(forward, () => assert.equal(isFused("RmsNorm"), false));
  withKernels({ ...forward, ...backward }, () => assert.equal(isFused("RmsNorm"), true));
  assert.equal(isFused("RmsNorm"), false);
});

/** Calls that must not compile; they are never made. */
export function misspelt(x: tf.Tensor3D, weight: tf.Tensor1D): void {
  // @ts-expect-error: a kernel's name
  isFused("RmsNrom");
  // @ts-expect-error: a kernel's name
  runKernel("RmsNrom", { x, weight }, { epsilon: 1 });
  // @ts-expect-error: an input's name
  runKernel("RmsNorm", { x, wieght: weight }, { epsilon: 1 });
  // @ts-expect-error: an attribute's name
  runKernel("RmsNorm", { x, weight }, { epsilno: 1 });
  // @ts-expect-error: an attribute too many
  runKernel("RmsNorm", { x, weight }, { epsilon: 1, axis: -1 });
  // @ts-expect-error: an attribute where there are none
  runKernel("LinearGradWeight", { dy: x, x }, { transpose: true });
  // @ts-expect-error: an input that is absent
  runKernel("RmsNorm", { x }, { epsilon: 1 });
  // @ts-expect-error: an input of another rank
  runKernel("RmsNorm", { x, weight: x }, { epsilon: 1 });
  // @ts-expect-error: an input of a kernel for many parameters
  runKernel("AdamW", { paramater0: x }, { updates: [], beta1: 0, beta2: 0, epsilon: 0 });
  // @ts-expect-error: a second output of a kernel of one
  runKernel("RmsNorm", { x, weight }, { epsilon: 1 })[1];

  // @ts-expect-error: an input to save
  differentiate("RmsNorm", { by: [], save: ["wieght"] }, () => ({}));
  // @ts-expect-error: an input that a gradient is of
  differentiate("RmsNorm", { by: [] }, () => ({ wieght: () => weight }));
  // @ts-expect-error: what is saved is of the rank that its input has
  differentiate("RmsNorm", { by: [], save: ["x"] }, ({ saved: [x] }) => ({ x: () => rank1(x) }));

  const table: Partial<KernelTable<null>> = {
    RmsNorm: (_, { x, weight }, { epsilon }) => [x.shape[2] * epsilon > 0 ? x : weight],
    // @ts-expect-error: an attribute of another kernel
    RmsNormGrad: (_, { x }, { sign }) => [sign > 0 ? x : x],
    // @ts-expect-error: fewer outputs than there are
    GateGrad: (_, { x }) => [x],
  };
  kernelConfigs("cpu", table, () => null);
  // @ts-expect-error: a table with a kernel that nobody runs
  kernelConfigs<null>("cpu", { RmsNrom: () => [x] }, () => null);
  // @ts-expect-error: a table that is to be whole
  table satisfies KernelTable<null>;
}

function rank1(x: tf.Tensor1D): tf.Tensor1D {
  return x;
}
