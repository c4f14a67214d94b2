/**
 * Runs the kernels of kernels.ts, records them for the backward pass, and puts them in the form
 * that TensorFlow.js registers. An operation asks `isFused` whether the running backend has its
 * kernel. Where it has none, the operation is a composition of plain operations, which is its
 * definition.
 *
 * @module
 */
import * as tf from "../tf.ts";
import type {
  KernelAttrs,
  KernelInputs,
  KernelName,
  KernelOutputs,
  KernelTable,
} from "./kernels.ts";

/**
 * Whether the running backend has a kernel and the kernels of its gradients.
 *
 * @param inputs inputs of the kernel; false when one is empty, as no kernel takes empty tensors
 */
export function isFused(kernel: KernelName, ...inputs: readonly tf.Tensor[]): boolean {
  const backend = tf.getBackend();
  return tf.getKernel(kernel, backend) !== undefined &&
    (DIFFERENTIATED.get(kernel)?.by ?? []).every((by) => tf.getKernel(by, backend) !== undefined) &&
    inputs.every(({ size }) => size > 0);
}

/** Whether operations are being recorded for a backward pass. */
export function isRecording(): boolean {
  return engine().isTapeOn();
}

/**
 * Runs a kernel of the running backend. The caller frees the outputs that it does not need.
 *
 * It does less around a kernel than `tf.engine().runKernel`. Above all, tensors saved for the
 * backward pass share their data directly. There, each of them is a kernel call and an entry on the
 * tape of its own, which takes a third of the time of a small step.
 *
 * @param inputs inputs by name; undefined ones are left out
 */
export function runKernel<K extends KernelName>(
  kernel: K,
  inputs: KernelInputs<K>,
  attrs: KernelAttrs<K>,
): KernelOutputs<K> {
  const { save = [], saveAll, saveOutputs = [], used } = DIFFERENTIATED.get(kernel) ?? {};
  // TensorFlow.js saves all inputs of a list only.
  const given = (saveAll ? [] : {}) as tf.NamedTensorMap;
  for (const name in inputs) {
    const input = inputs[name] as tf.Tensor | undefined;
    if (input !== undefined) given[name] = input;
  }
  const named = attrs as unknown as tf.NamedAttrMap;
  const on = engine();
  const registered = tf.getKernel(kernel, tf.getBackend());
  // TensorFlow.js reports a missing kernel, and fills `tf.profile`.
  if (registered === undefined || on.state.profiling) {
    return listOf(tf.engine().runKernel<tf.Tensor>(kernel, given, named)) as KernelOutputs<K>;
  }
  const made = registered.kernelFunc({ inputs: given, attrs: named, backend: on.backend });
  const outputs = listOf(made).map((info) => on.makeTensorFromTensorInfo(info));
  if (on.isTapeOn()) {
    const inputs = saveAll ? Object.values(given) : save.map((name) => given[name]!);
    const saved = [...inputs, ...saveOutputs.map((i) => outputs[i]!)];
    on.addTapeNode(kernel, given, outputs.slice(0, used), null, saved.map(share), named);
  }
  return outputs as KernelOutputs<K>;
}

function listOf<T>(one: T | T[]): T[] {
  return Array.isArray(one) ? one : [one];
}

/** Makes another tensor of the same data, which the tape frees. */
function share({ dataId, shape, dtype }: tf.Tensor): tf.Tensor {
  const on = engine();
  on.backend.incRef(dataId);
  return on.keep(on.makeTensorFromTensorInfo({ dataId, shape, dtype }));
}

/** The parts of TensorFlow.js's engine that its types do not declare. */
interface Engine {
  readonly backend: { incRef(dataId: object): void };
  readonly state: { readonly profiling: boolean };
  isTapeOn(): boolean;
  keep<T extends tf.Tensor>(tensor: T): T;
  makeTensorFromTensorInfo(info: tf.TensorInfo): tf.Tensor;
  addTapeNode(
    kernelName: string,
    inputs: tf.NamedTensorMap,
    outputs: readonly tf.Tensor[],
    gradient: null,
    saved: readonly tf.Tensor[],
    attrs: tf.NamedAttrMap,
  ): void;
}

function engine(): Engine {
  return tf.engine() as unknown as Engine;
}

/** Runs a kernel as {@linkcode runKernel} does, and frees all outputs but the first. */
export function runKernelForOne<K extends KernelName>(
  kernel: K,
  inputs: KernelInputs<K>,
  attrs: KernelAttrs<K>,
): KernelOutputs<K>[0] {
  const [wanted, ...others] = runKernel(kernel, inputs, attrs);
  for (const other of others) other?.dispose();
  return wanted!;
}

/** The name of a kernel's input. */
type InputName<K extends KernelName> = keyof KernelInputs<K> & string;

/** How a kernel is differentiated. */
interface Differentiated<Save, SaveOutputs> {
  /**
   * Kernels that compute its gradients. A backend that lacks one of them does not use the kernel.
   */
  readonly by: readonly KernelName[];
  /** Names of the inputs that the gradients read; none of them may be absent. */
  readonly save?: Save;
  /** Whether the gradients read all inputs, which are numbered from 0. */
  readonly saveAll?: boolean;
  /** Indices of the outputs that the gradients read. */
  readonly saveOutputs?: SaveOutputs;
  /**
   * Number of leading outputs that other operations use; all when absent. The other outputs get no
   * gradient, which would otherwise be a tensor of zeros.
   */
  readonly used?: number;
}

/** What the gradients of a kernel are computed from. */
interface Backward<
  K extends KernelName,
  Save extends readonly PropertyKey[],
  SaveOutputs extends readonly PropertyKey[],
> {
  /** Gradient of the first output. */
  readonly dy: KernelOutputs<K>[0];
  /** Gradients of all outputs. */
  readonly dys: KernelOutputs<K>;
  /** The saved inputs, then the saved outputs. */
  readonly saved: readonly [
    ...Picked<KernelInputs<K>, Save>,
    ...Picked<KernelOutputs<K>, SaveOutputs>,
  ];
  /** All that was saved, in order. */
  readonly all: readonly tf.Tensor[];
  readonly attrs: KernelAttrs<K>;
}

/** The tensors under the given keys, in the order of the keys. */
type Picked<From, Keys extends readonly PropertyKey[]> = {
  readonly [I in keyof Keys]: NonNullable<From[Keys[I] & keyof From]>;
};

type GradientMap = Readonly<Record<string, () => tf.Tensor>>;

const DIFFERENTIATED = new Map<
  KernelName,
  Differentiated<readonly string[], readonly number[]>
>();

/**
 * Declares the gradients of a kernel. Each is computed only when something needs it, so that a
 * frozen weight costs none.
 *
 * @param gradients a function for the gradient of each input, by the input's name
 */
export function differentiate<
  K extends KernelName,
  const Save extends readonly InputName<K>[] = [],
  const SaveOutputs extends readonly number[] = [],
>(
  kernel: K,
  how: Differentiated<Save, SaveOutputs>,
  gradients: (
    backward: Backward<K, Save, SaveOutputs>,
  ) => { readonly [N in InputName<K>]?: () => tf.Tensor },
): void {
  DIFFERENTIATED.set(kernel, how);
  const saveOutputs: readonly number[] = how.saveOutputs ?? [];
  tf.registerGradient({
    kernelName: kernel,
    inputsToSave: [...how.save ?? []],
    saveAllInputs: how.saveAll ?? false,
    outputsToSave: Array.from(
      { length: Math.max(-1, ...saveOutputs) + 1 },
      (_, i) => saveOutputs.includes(i),
    ),
    gradFunc: (dy, saved, attrs) => {
      const dys = listOf(dy);
      const backward = { dy: dys[0], dys, saved, all: saved, attrs };
      return gradients(backward as unknown as Backward<K, Save, SaveOutputs>) as GradientMap;
    },
  });
}

/**
 * The kernels of a backend in the form that `tf.registerKernel` takes.
 *
 * @param contextOf makes what the kernels get as their context, given the backend that they run on
 */
export function kernelConfigs<Context>(
  backendName: string,
  table: Partial<KernelTable<Context>>,
  contextOf: (backend: unknown) => Context,
): tf.KernelConfig[] {
  // runKernel() gives each kernel what the contract says, which the compiler cannot see from here.
  const kernels = Object.entries(table) as unknown as [string, AnyKernel<Context>][];
  return kernels.map(([kernelName, kernel]) => ({
    kernelName,
    backendName,
    kernelFunc: ({ inputs, attrs, backend }) => kernel(contextOf(backend), inputs, attrs),
  }));
}

type AnyKernel<Context> = (context: Context, inputs: object, attrs?: object) => tf.TensorInfo[];
