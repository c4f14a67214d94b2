import { checkSuiteSize } from "../tasks/task.ts";
import type { RunConfig } from "./config.ts";

/** Features in, hidden and out of the planted base model: n_splits must divide them. */
export const PLANTED_FEATURES = 16;

/** The linear layers of the planted base model. */
export const PLANTED_LAYERS: readonly {
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
}[] = ["layers.0", "layers.2"].map((name) => ({
  name,
  inFeatures: PLANTED_FEATURES,
  outFeatures: PLANTED_FEATURES,
}));

/**
 * Fails when planted tasks cannot be made as a config asks for.
 *
 * @throws {RangeError} when a count is out of range, `n_splits` does not divide the features, or labels
 * are to be smoothed, as there are none
 */
export function checkPlanted(config: RunConfig): void {
  checkSuiteSize(config);
  if (config.label_smoothing !== 0) {
    throw new RangeError(
      `Cannot smooth labels as suite "planted" has numbers for targets: set label_smoothing to 0`,
    );
  }
  if (PLANTED_FEATURES % config.n_splits !== 0) {
    throw new RangeError(
      `Cannot plant a teacher as n_splits must divide its ${PLANTED_FEATURES} features: got ${config.n_splits}`,
    );
  }
}
