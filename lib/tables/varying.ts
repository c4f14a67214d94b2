/** Which columns tell the runs of a table apart: settings, and what they were computed from and on. */
import { RUN_CONFIG_KEYS } from "../run/config.ts";
import { columnsIn, type Runs, valuesOf } from "./groups.ts";
import { IDENTITY_COLUMNS, identityColumns } from "./rows/identity_columns.ts";

/**
 * The settings that differ between runs, except the seed and `known`, in the order of settings; and behind
 * them what else tells runs apart, see {@linkcode IDENTITY_COLUMNS}.
 */
export function otherSettings(runs: Runs, known: readonly string[]): string[] {
  return [...RUN_CONFIG_KEYS, ...IDENTITY_COLUMNS].filter((key) =>
    key !== "seed" && !known.includes(key) && valuesOf(runs, key).length > 1
  );
}

/**
 * The columns by which runs are grouped: those asked for, and always what tells runs apart by more than
 * their settings.
 *
 * @param asked when absent, every setting that varies, except the seed
 */
export function groupingOf(runs: Runs, asked?: readonly string[]): readonly string[] {
  if (asked === undefined) return otherSettings(runs, []);
  return [...new Set([...asked, ...identityColumns(columnsIn(runs))])];
}
