import type * as tf from "../tf.ts";
import { restoreSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";

/** How training is watched on data that it does not train on. */
export interface Validation {
  /** The loss on validation data, of the model as it is; lower is better. */
  loss(): Promise<number>;
  /** Steps between two losses; there is one after the last step in any case. Positive. */
  readonly every: number;
  /** How many losses in a row may be no better than the best before training stops; 0 for no end. */
  readonly patience?: number | undefined;
}

/**
 * Steps of training with the loss on validation data beside them. When they end, also by an error or because
 * the caller wants no more, the parameters have the values of the step with the lowest loss.
 *
 * @param parameters that are trained, by name
 * @param last number of the last step
 * @throws {RangeError} when `every` or `patience` is out of range
 */
export async function* withBest<Step extends { readonly step: number }>(
  steps: AsyncIterable<Step>,
  parameters: ReadonlyMap<string, tf.Variable>,
  { loss, every, patience = 0 }: Validation,
  last: number,
): AsyncGenerator<Step & { readonly validationLoss?: number }> {
  for (const [name, value, least] of [["every", every, 1], ["patience", patience, 0]] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new RangeError(
      `Cannot validate as ${name} must be an integer of at least ${least}: got ${value}`,
    );
  }
  let best = null as { loss: number; values: Snapshot } | null;
  let worse = 0; // losses since the best
  try {
    for await (const step of steps) {
      if (step.step % every !== 0 && step.step !== last) {
        yield step;
        continue;
      }
      const validationLoss = await loss();
      if (validationLoss < (best?.loss ?? Infinity)) {
        best = { loss: validationLoss, values: await takeSnapshot(parameters) };
        worse = 0;
      } else worse++;
      yield { ...step, validationLoss };
      if (patience > 0 && worse >= patience) return;
    }
  } finally {
    if (best !== null) restoreSnapshot(parameters, best.values);
  }
}
