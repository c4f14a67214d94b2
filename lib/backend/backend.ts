/**
 * Chooses the device that everything runs on. A device is trusted only after it has computed known
 * values.
 */
import * as tf from "../tf.ts";
import { registerWebgpu, replaceWebgpu } from "./webgpu/adapter.ts";
import { webgpuAdapter } from "./webgpu/find_adapter.ts";

/** A device that a model can run on: a graphics card, WebAssembly, or plain JavaScript. */
export type BackendName = "webgpu" | "wasm" | "cpu";

/** Devices that a model can run on, best first. */
export const BACKENDS: readonly BackendName[] = ["webgpu", "wasm", "cpu"];

/** The backend that was chosen, and why. */
export interface ChosenBackend {
  /** The backend that is now in use. */
  readonly name: BackendName;
  /** A sentence for people and for the provenance of a run. */
  readonly reason: string;
}

/** Thrown when a backend that was asked for is absent or computes wrong numbers. */
export class BackendError extends Error {
  /** Name of the error class, for code that cannot use `instanceof`. */
  override readonly name = "BackendError";
}

/**
 * Chooses the device that everything after this call runs on.
 *
 * Without a name it takes WebGPU where there is an adapter, else WebAssembly, else plain JavaScript.
 * A software adapter, which computes on the CPU and is slower than WebAssembly, is passed over: ask for
 * it by name.
 * A WebGPU device that is lost is replaced by a new one; the tensors on it are gone.
 *
 * A backend is trusted only after a matrix product and its gradient gave known values on it. On
 * WebAssembly the kernels of `installFastKernels` are installed once, after both ways to matrix
 * products were timed; `POLY_MATMUL` and `POLY_BLAS` in the environment force which.
 *
 * @param name one backend to insist on
 * @param why it is insisted on, for the reason
 * @returns the choice with its reason
 * @throws {BackendError} when the backend asked for cannot be used
 * @throws {MatMulPathError} when the environment insists on a matrix product that cannot be used
 * @throws {RangeError} when there is no backend of that name
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { name, reason } = await useBackend("cpu");
 * assert.equal(name, "cpu");
 * assert.equal(reason, "cpu: asked for by name");
 * ```
 */
export async function useBackend(
  name?: BackendName,
  why = "asked for by name",
): Promise<ChosenBackend> {
  if (name !== undefined) {
    if (!BACKENDS.includes(name)) {
      throw new RangeError(
        `Cannot use backend "${name}" as it must be one of ${BACKENDS.join(", ")}`,
      );
    }
    const fault = await start(name);
    if (fault !== null) throw new BackendError(`Cannot use backend "${name}": ${fault}`);
    return { name, reason: `${name}: ${why}${await note(name)}` };
  }
  const faults: string[] = [];
  for (const candidate of BACKENDS) {
    const fault = await slowness(candidate) ?? await start(candidate);
    if (fault === null) {
      const passedOver = faults.length === 0 ? "best of all" : faults.join("; ");
      return { name: candidate, reason: `${candidate}: ${passedOver}${await note(candidate)}` };
    }
    faults.push(`${candidate} ${fault}`);
  }
  throw new BackendError(`Cannot find a backend that computes known values: ${faults.join("; ")}`);
}

/**
 * Waits until the device has done everything that it was told to. A WebGPU device reports what it could not
 * do only some time afterwards; call this before results are kept.
 *
 * @throws {Error} named `WebgpuError`, when something could not be done or the device is lost
 */
export async function settleBackend(): Promise<void> {
  if (tf.getBackend() !== "webgpu") return;
  const { recordOnce, recorderOf } = await import("./webgpu/recorder.ts");
  if (recordOnce(tf.backend()) === null) await recorderOf(tf.backend()).settle();
}

/** Takes WebGPU's backend away when its device is lost, so that it starts with a new one. */
async function dropLostDevice(): Promise<void> {
  const backend = tf.engine().registry["webgpu"];
  if (backend === undefined) return;
  const { recordOnce, recorderOf } = await import("./webgpu/recorder.ts");
  if (recordOnce(backend) === null && recorderOf(backend).isLost) await replaceWebgpu();
}

/** The reason why a backend that may work is only used when asked for, or null. */
async function slowness(name: BackendName): Promise<string | null> {
  const adapter = name === "webgpu" ? await webgpuAdapter() : null;
  return adapter?.isSoftware ? `has only a software adapter (${adapter.description})` : null;
}

/** What the numbers of a run may depend on besides the backend's name. */
async function note(name: BackendName): Promise<string> {
  if (name === "webgpu") {
    const { recordOnce } = await import("./webgpu/recorder.ts");
    const slow = recordOnce(tf.backend());
    const why = slow === null ? "" : `; each dispatch is recorded anew: ${slow}`;
    return ` (${(await webgpuAdapter())?.description}${why})`;
  }
  if (name !== "wasm") return "";
  const { fastKernels } = await import("./wasm/install.ts");
  const { path, notes } = fastKernels();
  return ` (matrix products by ${[path, ...notes].join("; ")})`;
}

/** Makes `name` the current backend; returns what is wrong with it, or null. */
async function start(name: BackendName): Promise<string | null> {
  if (name === "webgpu" && await webgpuAdapter() === null) return "has no adapter on this machine";
  await register(name);
  if (name === "webgpu") await dropLostDevice();
  const before: string | undefined = tf.getBackend(); // undefined at first, which its type omits
  if (!await tf.setBackend(name)) return "did not start";
  await tf.ready();
  // Without this, the first use prints advice to install a Node package that does not run under
  // Deno.
  if (name === "cpu") (tf.backend() as unknown as { firstUse: boolean }).firstUse = false;
  let fault: string | null = "does not start";
  try {
    if (name === "wasm") (await import("./wasm/install.ts")).fastKernels();
    if (name === "webgpu") {
      const { recordOnce } = await import("./webgpu/recorder.ts");
      const { installWebgpuKernels } = await import("./webgpu/kernels/catalogue.ts");
      installWebgpuKernels(recordOnce(tf.backend()) === null); // they need what it keeps
    }
    fault = await probe().catch((error: Error) => `fails at a matrix product: ${error.message}`);
  } finally {
    if (fault !== null && before !== undefined) await tf.setBackend(before);
  }
  return fault;
}

/** Loads a backend when it is first needed; plain JavaScript comes with TensorFlow.js itself. */
async function register(name: BackendName): Promise<void> {
  if (name === "wasm") await import("./wasm/register.ts");
  if (name === "webgpu") await registerWebgpu();
}

/** Compares a product and its gradient with values worked out by hand. */
async function probe(): Promise<string | null> {
  const [product, gradient] = tf.tidy(() => {
    const a = tf.tensor2d([[1, 2, 3], [4, 5, 6]]);
    const b = tf.tensor2d([[1, -1], [0.5, 2], [-3, 4]]);
    const dot = tf.grad((x: tf.Tensor) => tf.sum(tf.square(tf.matMul(x as tf.Tensor2D, b))));
    return [tf.matMul(a, b), dot(a)];
  });
  const values = [...await product!.data(), ...await gradient!.data()];
  tf.dispose([product!, gradient!]);
  const expected = [-7, 15, -11.5, 30, -44, 53, 162, -83, 108.5, 309];
  const wrong = expected.some((value, i) => Math.abs(values[i]! - value) > 1e-3 * Math.abs(value));
  return wrong ? `computes ${values.join(", ")} where ${expected.join(", ")} is right` : null;
}
