import * as tf from "../tf.ts";

/**
 * Whether the running backend computes an operation by a kernel of its own, as WebAssembly does
 * (lib/backend). Where it does not, the operation is a composition of plain ones: its definition.
 *
 * @param operation the kernel's name, such as `RmsNorm`
 * @param inputs what it would read; kernels are not for empty tensors
 */
export function isFused(operation: string, ...inputs: readonly tf.Tensor[]): boolean {
  return tf.getKernel(operation, tf.getBackend()) !== undefined &&
    inputs.every(({ size }) => size > 0);
}

/** Whether operations are being recorded for a backward pass. */
export function isRecording(): boolean {
  return engine().isTapeOn();
}

/**
 * Runs a kernel of the running backend. Outputs that are not wanted are the caller's to free.
 *
 * This is `tf.engine().runKernel` without what that does around a kernel. Above all, what is saved for
 * the backward pass shares its data outright: there, each such tensor is a kernel and a record on the
 * tape of its own, a third of the time of a small step.
 *
 * @param inputs those that are undefined are left out
 * @param attrs what it reads that is no tensor
 */
export function runKernel(
  operation: string,
  inputs: Readonly<Record<string, tf.Tensor | undefined>>,
  attrs: object = {},
): tf.Tensor[] {
  const given: tf.NamedTensorMap = {};
  for (const name in inputs) {
    const input = inputs[name];
    if (input !== undefined) given[name] = input;
  }
  const on = engine();
  const kernel = tf.getKernel(operation, tf.getBackend());
  if (kernel === undefined || on.state.profiling) { // it says what is missing, and fills `tf.profile`
    const outputs = tf.engine().runKernel(operation, given, attrs as tf.NamedAttrMap);
    return Array.isArray(outputs) ? outputs : [outputs];
  }
  const made = kernel.kernelFunc({
    inputs: given,
    attrs: attrs as tf.NamedAttrMap,
    backend: on.backend,
  });
  const outputs = (Array.isArray(made) ? made : [made]).map((info) =>
    on.makeTensorFromTensorInfo(info)
  );
  if (on.isTapeOn()) {
    const { save, outputs: kept, used } = SAVED.get(operation) ?? { save: [] };
    const saved = [
      ...save.map((name) => given[name]!),
      ...outputs.filter((_, i) => kept?.[i]),
    ].map(share);
    const dependent = outputs.slice(0, used);
    on.addTapeNode(operation, given, dependent, null, saved, attrs as tf.NamedAttrMap);
  }
  return outputs;
}

/** Another tensor of the same data, which the tape frees. */
function share({ dataId, shape, dtype }: tf.Tensor): tf.Tensor {
  const on = engine();
  on.backend.incRef(dataId);
  return on.keep(on.makeTensorFromTensorInfo({ dataId, shape, dtype }));
}

/** What TensorFlow.js's engine has that its types keep to itself. */
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

/** As {@linkcode runKernel} for a kernel of which one output is wanted, its first; frees the others. */
export function runKernelForOne(
  operation: string,
  inputs: Readonly<Record<string, tf.Tensor | undefined>>,
  attrs?: object,
): tf.Tensor {
  const [wanted, ...others] = runKernel(operation, inputs, attrs);
  for (const other of others) other.dispose();
  return wanted!;
}

/** What the gradients of a kernel are made from. */
interface Backward<Attrs> {
  /** The gradient of the kernel's only, or first, output. */
  readonly dy: tf.Tensor;
  /** The gradients of all outputs. */
  readonly dys: readonly tf.Tensor[];
  /** The inputs that were to be saved, then the outputs that were. */
  readonly saved: readonly tf.Tensor[];
  readonly attrs: Attrs;
}

/** What a backward pass needs of a kernel. */
interface Saved {
  /** The inputs that the gradients read; none that may be absent. */
  readonly save: readonly string[];
  /** Which of the outputs they read too; none when absent. */
  readonly outputs?: readonly boolean[];
  /**
   * Of how many outputs, from the first on, others make use; of all when absent. To the rest no
   * gradient comes, which would else be made up of zeros.
   */
  readonly used?: number;
}

const SAVED = new Map<string, Saved>();

/**
 * Says how {@linkcode runKernel} is differentiated. Each gradient is computed only when something needs
 * it, so that a frozen weight costs none.
 *
 * @param gradients by the input's name
 */
export function differentiate<Attrs extends object>(
  operation: string,
  saved: Saved,
  gradients: (backward: Backward<Attrs>) => Readonly<Record<string, () => tf.Tensor>>,
): void {
  SAVED.set(operation, saved);
  tf.registerGradient({
    kernelName: operation,
    inputsToSave: [...saved.save],
    outputsToSave: [...saved.outputs ?? []],
    gradFunc: (dy, saved, attrs) => {
      const dys = Array.isArray(dy) ? dy : [dy];
      return gradients({ dy: dys[0]!, dys, saved, attrs: attrs as unknown as Attrs });
    },
  });
}
