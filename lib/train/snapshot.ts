import * as tf from "../tf.ts";

/** Values of parameters on the host, by name. */
export type Snapshot = ReadonlyMap<string, Float32Array>;

/** Copies the values of parameters, so that they can be restored later. */
export async function takeSnapshot(
  parameters: ReadonlyMap<string, tf.Variable>,
): Promise<Snapshot> {
  const values = new Map<string, Float32Array>();
  for (const [name, parameter] of parameters) {
    values.set(name, Float32Array.from(await parameter.data()));
  }
  return values;
}

/** Sets parameters to the values of a snapshot. */
export function restoreSnapshot(
  parameters: ReadonlyMap<string, tf.Variable>,
  snapshot: Snapshot,
): void {
  for (const [name, parameter] of parameters) {
    tf.tidy(() => parameter.assign(tf.tensor(snapshot.get(name)!, parameter.shape)));
  }
}
