import { checkSuiteSize } from "../tasks/task.ts";
import { randomStream } from "../util/random.ts";
import type { RunConfig } from "./config.ts";
import { plantedAllocation } from "./planted_allocation.ts";

/** Features in, hidden and out of the planted base model: numbers of splits must divide them. */
export const PLANTED_FEATURES = 16;

/** The most skills of a teacher, whose combinations are listed. */
const MOST_SKILLS = 16;

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
 * @throws {RangeError} when a count is out of range, the teacher's sizes do not fit its features, there
 * are fewer combinations of skills than tasks, or labels are to be smoothed, as there are none
 */
export function checkPlanted(config: RunConfig): void {
  checkSuiteSize(config);
  const { label_smoothing, teacher_n_skills, teacher_n_splits, teacher_r } = config;
  if (label_smoothing !== 0) {
    throw new RangeError(
      `Cannot smooth labels as suite "planted" has numbers for targets: set label_smoothing to 0`,
    );
  }
  const refuse = (rule: string, got: number) => {
    throw new RangeError(`Cannot plant a teacher as ${rule}: got ${got}`);
  };
  if (teacher_n_skills > MOST_SKILLS) {
    refuse(`teacher_n_skills must be at most ${MOST_SKILLS}`, teacher_n_skills);
  }
  if (PLANTED_FEATURES % teacher_n_splits !== 0) {
    refuse(`teacher_n_splits must divide its ${PLANTED_FEATURES} features`, teacher_n_splits);
  }
  if (teacher_r > PLANTED_FEATURES) {
    refuse(`teacher_r must be at most its ${PLANTED_FEATURES} features`, teacher_r);
  }
  plantedAllocation(config, randomStream(config.seed, "tasks"));
}
