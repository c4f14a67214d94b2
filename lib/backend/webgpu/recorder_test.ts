import assert from "node:assert/strict";
import { onEachBackend } from "../../testing/on_each_backend.ts";
import * as tf from "../../tf.ts";
import { dispatch } from "./dispatch.ts";
import type { WebgpuBackend } from "./private_parts.ts";
import { recorderOf, recordOnce } from "./recorder.ts";

const WEBGPU = { only: ["webgpu"] } as const;

/** Calls of WebGPU that cost the host time, while `run` runs. */
async function countCalls(run: () => Promise<void>) {
  const calls = { dispatches: 0, submits: 0, writes: 0, groups: 0, buffers: 0 };
  const counted = [
    [GPUComputePassEncoder.prototype, "dispatchWorkgroups", "dispatches"],
    [GPUQueue.prototype, "submit", "submits"],
    [GPUQueue.prototype, "writeBuffer", "writes"],
    [GPUDevice.prototype, "createBindGroup", "groups"],
    [GPUDevice.prototype, "createBuffer", "buffers"],
  ] as const;
  const restore = counted.map(([prototype, name, key]) => {
    const methods = prototype as unknown as Record<string, (...args: unknown[]) => unknown>;
    const method = methods[name]!;
    methods[name] = function (...args) {
      calls[key]++;
      return method.apply(this, args);
    };
    return () => methods[name] = method;
  });
  try {
    await run();
  } finally {
    restore.forEach((undo) => undo());
  }
  return calls;
}

/** A regression by a small network, trained with momentum and a rate that differs from step to step. */
function trainingLoop(firstRate: number) {
  const random = (seed: number, ...shape: number[]) =>
    tf.randomUniform(shape, -1, 1, "float32", seed);
  const x = random(1, 16, 6), y = random(2, 16, 3);
  const [w1, b1, w2] = [random(3, 6, 8), random(4, 8), random(5, 8, 3)].map((initial) => {
    const variable = tf.variable(initial);
    initial.dispose();
    return variable;
  }) as [tf.Variable, tf.Variable, tf.Variable];
  const means = [w1, b1, w2].map((variable) => tf.tidy(() => tf.variable(tf.zerosLike(variable))));
  let step = 0;
  const loss = () => {
    const hidden = tf.tanh(tf.add(tf.matMul(x as tf.Tensor2D, w1 as tf.Tensor2D), b1));
    return tf.mean(tf.square(tf.sub(tf.matMul(hidden as tf.Tensor2D, w2 as tf.Tensor2D), y)));
  };
  return {
    /** One step, of which nothing is read. */
    step(): tf.Scalar {
      const { value, grads } = tf.variableGrads(() => loss() as tf.Scalar);
      const rate = firstRate / ++step;
      [w1, b1, w2].forEach((variable, i) =>
        tf.tidy(() => {
          const mean = means[i]!;
          mean.assign(tf.add(tf.mul(mean, 0.9), tf.mul(grads[variable.name]!, 0.1)));
          variable.assign(tf.sub(variable, tf.mul(mean, rate)));
        })
      );
      tf.dispose(grads);
      return value;
    },
    dispose: () => tf.dispose([x, y, w1, b1, w2, ...means]),
  };
}

/** Until the buffers that were read from are free, some 10 ms after their content was there. */
function endOfReads(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 200));
}

async function losses(steps: number, each: (step: number) => Promise<void> = async () => {}) {
  const loop = trainingLoop(0.5);
  const found: number[] = [];
  for (let i = 0; i < steps; i++) {
    const loss = loop.step();
    found.push((await loss.data())[0]!);
    loss.dispose();
    await each(i);
  }
  loop.dispose();
  return found;
}

onEachBackend(
  "a training loop has the losses of the backend as published, to the last digit",
  async () => {
    const found = await losses(12);
    const published = "webgpu as published";
    tf.registerBackend(published, tf.findBackendFactory("webgpu"));
    tf.copyRegisteredKernels("webgpu", published);
    const batch = tf.env().getNumber("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE");
    tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", 15);
    await tf.setBackend(published);
    try {
      assert.throws(() => recorderOf(tf.backend()), TypeError);
      assert.deepEqual(await losses(12), found);
      assert.ok(found.at(-1)! < 0.9 * found[0]!, `${found}`);
    } finally {
      tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", batch);
      await tf.setBackend("webgpu");
      tf.removeBackend(published);
    }
  },
  WEBGPU,
);

onEachBackend(
  "from the tenth step on, a training loop makes no bind group and no buffer",
  async () => {
    const loop = trainingLoop(0.321); // rates that no other test has made constants
    const step = async () => {
      const loss = loop.step();
      await loss.data();
      loss.dispose();
    };
    for (let i = 0; i < 9; i++) await step();
    await endOfReads();
    const { dispatches, ...others } = await countCalls(step);
    assert.ok(dispatches > 30, `${dispatches}`);
    assert.deepEqual(others, { submits: 1, writes: 1, groups: 0, buffers: 0 });
    loop.dispose();
  },
  WEBGPU,
);

onEachBackend("memory returns to where it was", async () => {
  await losses(3); // its constants are kept
  await endOfReads();
  const before = tf.memory() as tf.MemoryInfo & { numBytesInGPU: number };
  await losses(3);
  await endOfReads();
  const after = tf.memory() as tf.MemoryInfo & { numBytesInGPU: number };
  assert.equal(after.numBytesInGPU, before.numBytesInGPU);
  assert.equal(after.numBytes, before.numBytes);
}, WEBGPU);

onEachBackend("reading in the middle of a step changes nothing", async () => {
  const plain = await losses(5);
  const x = tf.tensor1d([1, 2, 3, 4]);
  const read = await losses(5, async () => {
    const [square, pending] = [tf.square(x), tf.add(x, 1)];
    const reading = square.data();
    const next = tf.mul(pending, 2);
    assert.deepEqual([...await reading], [1, 4, 9, 16]);
    assert.deepEqual([...await next.data()], [4, 6, 8, 10]);
    tf.dispose([square, pending, next]);
  });
  assert.deepEqual(read, plain);
  x.dispose();
}, WEBGPU);

onEachBackend(
  "values uploaded one after another into one buffer are each read by their own kernel",
  async () => {
    let sum: tf.Tensor = tf.tensor1d([0, 0, 0]);
    const calls = await countCalls(async () => {
      for (let i = 1; i <= 50; i++) {
        sum = tf.tidy(() => {
          const next = tf.add(sum, tf.mul(tf.tensor1d([i, -i, i * i]), tf.tensor1d([1, 2, 3])));
          sum.dispose();
          return next;
        });
      }
      assert.deepEqual([...await sum.data()], [1275, -2550, 3 * 42925]);
    });
    assert.equal(calls.submits, 1); // 100 dispatches are fewer than one submit takes
    assert.ok(calls.writes < 10, JSON.stringify(calls));
    sum.dispose();
  },
  WEBGPU,
);

onEachBackend(
  "a number that is uploaded again and again is uploaded once, and -0 is not 0",
  async () => {
    const x = tf.tensor1d([1, -1]);
    const run = async () => {
      const quotients = tf.tidy(() => [tf.div(x, 0), tf.div(x, -0), tf.mul(x, 0.25)]);
      const found = await Promise.all(quotients.map((quotient) => quotient.data()));
      assert.deepEqual(found.map((values) => [...values]), [
        [Infinity, -Infinity],
        [-Infinity, Infinity],
        [0.25, -0.25],
      ]);
      tf.dispose(quotients);
    };
    for (let i = 0; i < 3; i++) await run();
    const { writes, buffers } = await countCalls(run);
    assert.deepEqual({ writes, buffers }, { writes: 0, buffers: 0 });
    x.dispose();
  },
  WEBGPU,
);

onEachBackend(
  "a tensor that shares the buffer of a number gets its own before it is written",
  async () => {
    const code = `
    @group(0) @binding(0) var<storage, read_write> x: array<f32>;
    @compute @workgroup_size(1) fn main() { x[0] = x[0] + 1; }`;
    const add = (number: number) => {
      const x = tf.scalar(number);
      dispatch(tf.backend(), {
        program: { name: "add one", code },
        inputs: [],
        outputs: [x],
        workgroups: [1],
      });
      return x;
    };
    for (let i = 0; i < 5; i++) {
      const sum = add(0.375), other = tf.tidy(() => tf.add(tf.scalar(0.375), tf.scalar(0)));
      assert.deepEqual([...await sum.data(), ...await other.data()], [1.375, 0.375]);
      tf.dispose([sum, other]);
    }
  },
  WEBGPU,
);

Deno.test("recordOnce() names what another version of the backend lacks, and leaves that as it is", () => {
  const backend = { device: {}, queue: {}, submitQueue: () => {} };
  const before = { ...backend };
  assert.match(
    recordOnce(backend) ?? "",
    /^its backend has no tensorMap, bufferManager, uniformPendingDisposal, makeTensorInfo, /,
  );
  assert.deepEqual(backend, before);
});

onEachBackend("a read does not wait for longer than the device does", async () => {
  const x = tf.tensor1d([1, 2, 3]);
  const read = async (factor: number) => {
    const product = tf.tidy(() => tf.mul(x, tf.tensor1d([factor, 1, factor])));
    assert.deepEqual([...await product.data()], [factor, 2, 3 * factor]);
    product.dispose();
  };
  const started = performance.now();
  for (let i = 0; i < 600; i++) await read(i); // 6 s if each waited for 10 ms
  assert.ok(performance.now() - started < 5000);
  x.dispose();
}, WEBGPU);

onEachBackend(
  "buffers that are not used for long are destroyed, and made again when needed",
  async () => {
    const backend = tf.backend() as unknown as WebgpuBackend;
    const run = async () => {
      const sum = tf.tidy(() => tf.add(tf.ones([123_457]), tf.ones([123_457])));
      const at = await sum.data();
      assert.deepEqual([at[0], at[123_456]], [2, 2]);
      sum.dispose();
    };
    await run();
    const before = backend.bufferManager.numBytesAllocated;
    for (let i = 0; i < 400; i++) {
      backend.ensureCommandEncoderReady();
      backend.submitQueue();
    }
    assert.ok(backend.bufferManager.numBytesAllocated <= before - 3 * 4 * 123_457);
    await run();
  },
  WEBGPU,
);
