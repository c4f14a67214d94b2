/** What has changed between the plan that a folder of results keeps and the sweep that is asked for. */
import { RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import { cellTexts, settingsText } from "../run/id.ts";
import { numberList } from "../util/number_list.ts";
import { StoreError } from "./store_error.ts";
import type { PlannedRun } from "./plan/sweep.ts";

/** One setting whose values have changed. */
export interface SettingChange {
  /** The name of the setting. */
  readonly key: keyof RunConfig;
  /** Its values in the stored plan, each once. */
  readonly before: readonly unknown[];
  /** Its values in the sweep that is asked for, each once. */
  readonly now: readonly unknown[];
}

/** A stored plan beside the sweep that is asked for. */
export interface PlanChange {
  /** Runs that are asked for and not stored. */
  readonly added: readonly PlannedRun[];
  /** Stored runs that are no longer asked for. */
  readonly left: readonly PlannedRun[];
  /** How many of `left` have settings, the seed aside, that the sweep no longer has at all. */
  readonly leftByCell: number;
  /** The settings, the seed aside, whose values have changed, in the order of tables. */
  readonly settings: readonly SettingChange[];
}

/**
 * Compares the runs of a stored plan with those that are asked for.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../run/config.ts";
 *
 * const run = (steps: number) => ({ id: "", config: parseRunConfig({ steps }) });
 * const change = planChange([run(150)], [run(300)]);
 * assert.deepEqual([change.added.length, change.leftByCell], [1, 1]);
 * assert.deepEqual(changeLines(change), ["steps: 150 → 300"]);
 * ```
 */
export function planChange(
  stored: readonly PlannedRun[],
  wanted: readonly PlannedRun[],
): PlanChange {
  const texts = (runs: readonly PlannedRun[]) => runs.map(({ config }) => settingsText(config));
  const [storedTexts, wantedTexts] = [texts(stored), texts(wanted)];
  const [isStored, isWanted] = [new Set(storedTexts), new Set(wantedTexts)];
  const wantedCells = new Set(cellTexts(wanted));
  const cells = cellTexts(stored);
  return {
    added: wanted.filter((_, i) => !isStored.has(wantedTexts[i]!)),
    left: stored.filter((_, i) => !isWanted.has(storedTexts[i]!)),
    leftByCell: cells.filter((cell) => !wantedCells.has(cell)).length,
    settings: settingChanges(stored, wanted),
  };
}

function settingChanges(
  stored: readonly PlannedRun[],
  wanted: readonly PlannedRun[],
): SettingChange[] {
  return RUN_CONFIG_KEYS.filter((key) => key !== "seed").flatMap((key) => {
    const [before, now] = [stored, wanted].map((runs) => valuesOf(runs, key));
    const isSame = before!.size === now!.size &&
      [...now!.keys()].every((text) => before!.has(text));
    return isSame ? [] : [{ key, before: [...before!.values()], now: [...now!.values()] }];
  });
}

/** The values of a setting, each once, by their text. */
function valuesOf(runs: readonly PlannedRun[], key: keyof RunConfig): Map<string, unknown> {
  const values = new Map<string, unknown>();
  let last: unknown;
  for (const { config } of runs) {
    const value = config[key] ?? null;
    if (value === last) continue;
    last = value;
    values.set(JSON.stringify(value), value);
  }
  return values;
}

/**
 * What has changed, a line for each setting, such as `n_skills: 2, 4 → 2, 8`; or, where every setting
 * has the values that it had, the first combinations of them that are gone.
 */
export function changeLines({ settings, left, added }: PlanChange): string[] {
  if (settings.length > 0) {
    return settings.map(({ key, before, now }) => `${key}: ${listed(before)} → ${listed(now)}`);
  }
  const runs = [...left, ...added];
  const varying = RUN_CONFIG_KEYS.filter((key) => key !== "seed" && valuesOf(runs, key).size > 1);
  const combinations = [
    ...new Set(
      left.map(({ config }) => varying.map((key) => `${key}=${shown(config[key])}`).join(", ")),
    ),
  ];
  const more = combinations.length - MOST_COMBINATIONS;
  return [
    ...combinations.slice(0, MOST_COMBINATIONS).map((text) => `no longer in it: ${text}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

const [MOST_COMBINATIONS, MOST_VALUES, LONGEST] = [3, 8, 60];

/** Values with commas between them, cut where there are many. */
function listed(values: readonly unknown[]): string {
  if (values.length > 1 && values.every(Number.isInteger)) {
    return numberList(values as number[], ", ", MOST_VALUES);
  }
  const more = values.length - MOST_VALUES;
  return values.slice(0, MOST_VALUES).map(shown).join(", ") +
    (more > 0 ? `, … (${values.length})` : "");
}

function shown(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return text.length <= LONGEST ? text : `${text.slice(0, LONGEST)}…`;
}

/**
 * The end of a folder's name that says what has changed, such as `,steps=300`; in it are letters, digits
 * and `,=+._-` alone, so it is a plain name on every system.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const settings = [{ key: "data_file", before: [null], now: ["my data/a.jsonl"] }] as const;
 * assert.equal(
 *   changeSuffix({ settings, added: [], left: [], leftByCell: 0 }),
 *   ",data_file=my_data_a.jsonl",
 * );
 * ```
 */
export function changeSuffix({ settings }: PlanChange): string {
  const parts = settings.map(({ key, now }) =>
    `${key}=${now.map((value) => shown([value].flat().join("+"))).join("+")}`
  );
  const name = (parts.length === 0 ? "changed" : parts.join(","))
    .replace(/[^A-Za-z0-9.,=+_-]/g, "_").slice(0, LONGEST_SUFFIX).replace(/[.,=+_-]+$/, "");
  return `,${name}`;
}

const LONGEST_SUFFIX = 80;

/** Thrown when a folder of results keeps another sweep than the one that is asked for. */
export class PlanChangeError extends StoreError {
  /** Makes the error of one folder, whose plan has changed. */
  constructor(readonly dir: string, readonly change: PlanChange) {
    const { added, leftByCell } = change;
    const [are, have] = leftByCell === 1 ? ["run is", "it"] : ["runs are", "them"];
    super(
      `Cannot go on in ${dir} as the sweep has changed since it ran there:\n` +
        changeLines(change).map((line) => `  ${line}\n`).join("") +
        `${leftByCell} stored ${are} no longer in it, and ${added.length} ` +
        `${
          added.length === 1 ? "is" : "are"
        } new. Name another folder with --out, or keep ${have} ` +
        `beside the new ones with --extend`,
    );
  }
}
