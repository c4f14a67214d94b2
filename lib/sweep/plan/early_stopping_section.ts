/** The section `early_stopping` of a sweep's file: its reading, and what it asks of the sweep's runs. */
import type { RunConfig } from "../../run/config.ts";
import { suggest } from "../../util/words.ts";
import { EARLY_STOPPING, type EarlyStopping, rungStep } from "../tuning/early_stopping.ts";
import { type Place, textOf } from "./setting.ts";
import { SweepError } from "./sweep_error.ts";
import type { Locate } from "./yaml_text.ts";

/** How cells are stopped early, and where a file says so. */
export interface EarlyStoppingSection {
  readonly rule: EarlyStopping;
  readonly place: Place;
}

/**
 * Reads the section; the name of a rule alone stands for the rule with its defaults.
 *
 * @returns null where there is none
 * @throws {SweepError} naming the place and what must be there
 */
export function readEarlyStopping(given: unknown, locate: Locate): EarlyStoppingSection | null {
  if ((given ?? null) === null) return null;
  const written = typeof given === "string" ? { rule: given } : given;
  const parsed = EARLY_STOPPING.safeParse(written);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    if (issue.code === "unrecognized_keys") {
      const [key] = issue.keys;
      const meant = suggest(key!, Object.keys(EARLY_STOPPING.shape));
      throw new SweepError(`Cannot read ${locate(["early_stopping", key!])}: unknown key${meant}`);
    }
    const path = issue.path as (string | number)[];
    const value = path.reduce<unknown>(
      (of, key) => (of as Record<string, unknown>)?.[key],
      written,
    );
    throw new SweepError(
      `Cannot read ${locate(["early_stopping", ...path])}: ${issue.message}, got ${
        textOf(value ?? null)
      }; write early_stopping: halving, or { rule: halving, rungs: [0.25, 0.5], keep: 0.5 }`,
    );
  }
  if (parsed.data.rule === "median" && Object.hasOwn(written as object, "keep")) {
    throw new SweepError(
      `Cannot read ${
        locate(["early_stopping", "keep"])
      } as the median says how many cells go on: ` +
        `leave it out, or take rule: halving`,
    );
  }
  return { rule: parsed.data, place: () => locate(["early_stopping"]) };
}

/**
 * Fails where a sweep cannot stop cells early.
 *
 * @param seeds of every cell
 * @throws {SweepError} with the reason: there are several seeds, a run is not evaluated at a rung before its
 * end or two rungs are one step of it, or it has no validation examples to be compared by
 */
export function checkEarlyStopping(
  { rule, place }: EarlyStoppingSection,
  cells: readonly RunConfig[],
  seeds: readonly number[],
): void {
  const cannot = `Cannot stop cells early as ${place()} asks for`;
  if (seeds.length > 1) {
    throw new SweepError(
      `${cannot}, with ${seeds.length} seeds: runs that are stopped are missing from means, so these and ` +
        `their intervals would be of the lucky seeds. Tune with one seed, then run the chosen cells with ` +
        `other seeds and without early_stopping`,
    );
  }
  for (const { steps, evaluate_every, n_validation } of cells) {
    if (rule.metric === "validation_loss" && n_validation === 0) {
      throw new SweepError(
        `${cannot}, as n_validation is 0 and cells are compared by validation_loss: give validation ` +
          `examples, or write metric: training_loss there`,
      );
    }
    let before = 0;
    for (const rung of rule.rungs) {
      const step = rungStep({ steps, evaluate_every }, rung);
      if (step === null || step === before) {
        const what = step === null
          ? "has no evaluation between it and the end"
          : `is at step ${step}, as the one before it is`;
        throw new SweepError(
          `${cannot}, as rung ${rung} of a run of ${steps} steps that is evaluated every ` +
            `${evaluate_every} steps ${what}: set evaluate_every to fewer steps, or give other rungs`,
        );
      }
      before = step;
    }
  }
}
