import { parseRunConfig, type RunConfig } from "../run/config.ts";
import { isOfMultiTask } from "../run/stages/facts.ts";
import { isUsed } from "../run/used_settings.ts";
import type { Claim, ClaimSide, ClaimSuite, TunedSetting } from "./claims_file.ts";

/**
 * The settings of a side of a claim on one suite, before anything is tuned; its seed means nothing.
 *
 * @throws {z.ZodError} naming every setting that is wrong
 */
export function cellOf(
  claim: Claim,
  suiteName: string,
  suite: ClaimSuite,
  side: ClaimSide,
): RunConfig {
  return parseRunConfig({ ...suite.set, ...claim.on[suiteName]!.set, ...side.set });
}

/**
 * The settings that a cell has chosen for it: those of the suite's list that make a difference to it and
 * that the side does not set itself.
 */
export function tunedSettings(
  cell: RunConfig,
  side: ClaimSide,
  { tune }: ClaimSuite,
): readonly TunedSetting[] {
  return tune.filter(({ setting }) => isUsed(setting, cell) && !(setting in side.set));
}

/**
 * The runs that choose a setting of multi-task training need no adaptation: those of a cell without it, so
 * that cells that differ in their adaptation alone share them.
 */
export function cellForTuning(cell: RunConfig, setting: keyof RunConfig): RunConfig {
  if (!isOfMultiTask(setting)) return cell;
  const defaults = parseRunConfig({});
  const entries = Object.entries(cell).map(([key, value]) => {
    const isKept = isOfMultiTask(key as keyof RunConfig);
    return [key, isKept ? value : defaults[key as keyof RunConfig]];
  });
  return { ...Object.fromEntries(entries) as RunConfig, adaptation: "none" };
}
