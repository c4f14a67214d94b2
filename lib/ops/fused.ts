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

/**
 * Runs a kernel of the running backend. Outputs that are not wanted are the caller's to free.
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
  const outputs = tf.engine().runKernel(operation, given, attrs as tf.NamedAttrMap);
  return Array.isArray(outputs) ? outputs : [outputs];
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
  /** The inputs that were to be saved, then the outputs. */
  readonly saved: readonly tf.Tensor[];
  readonly attrs: Attrs;
}

/**
 * Says how {@linkcode runKernel} is differentiated. Each gradient is computed only when something needs
 * it, so that a frozen weight costs none.
 *
 * @param save the inputs that the gradients read
 * @param outputs how many of the outputs they read too
 * @param gradients by the input's name
 */
export function differentiate<Attrs extends object>(
  operation: string,
  { save, outputs = 0 }: { readonly save: readonly string[]; readonly outputs?: number },
  gradients: (backward: Backward<Attrs>) => Readonly<Record<string, () => tf.Tensor>>,
): void {
  tf.registerGradient({
    kernelName: operation,
    inputsToSave: [...save],
    outputsToSave: Array.from({ length: outputs }, () => true),
    gradFunc: (dy, saved, attrs) => {
      const dys = Array.isArray(dy) ? dy : [dy];
      return gradients({ dy: dys[0]!, dys, saved, attrs: attrs as unknown as Attrs });
    },
  });
}
