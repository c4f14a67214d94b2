import type { RunConfig } from "../../run/config.ts";

/**
 * How many multiplications and additions a device does in a second, by a product of matrices of the size
 * that models have. It takes about a second, most of it for starting the device.
 *
 * @returns null where the device cannot be used
 */
export async function operationsPerSecond(
  backend: RunConfig["backend"],
): Promise<number | null> {
  const { useBackend } = await import("../../backend/backend.ts");
  const tf = await import("../../tf.ts");
  try {
    await useBackend(backend === "auto" ? undefined : backend);
  } catch {
    return null; // a run says why
  }
  const [rows, inner, columns] = [256, 512, 1024];
  const x = tf.ones([rows, inner]);
  const w = tf.ones([inner, columns]);
  let seconds = Infinity;
  for (let i = 0; i < 3; i++) {
    const started = performance.now();
    const y = tf.matMul(x, w);
    await y.data();
    seconds = Math.min(seconds, (performance.now() - started) / 1000);
    y.dispose();
  }
  tf.dispose([x, w]);
  return 2 * rows * inner * columns / seconds;
}
