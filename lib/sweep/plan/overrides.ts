import { escaped } from "../../files/escaped.ts";
import {
  type Axis,
  axisOf,
  checkKey,
  entriesOfText,
  type Entry,
  type Note,
  type Place,
  type SettingKey,
} from "./setting.ts";
import { SweepError } from "./sweep_error.ts";
import { FILE_KEYS } from "./sweep_file.ts";

/** What the command line says, which wins over a sweep's file. */
export interface Overrides {
  /** The column that orders tables; null when none is named. */
  readonly metric: { readonly value: string; readonly place: Place } | null;
  /** Settings with one or several values, in the order written. */
  readonly axes: ReadonlyMap<SettingKey, Axis>;
}

/** Settings that are paths, or may be. */
const PATHS = ["data_dir", "data_file", "base_model"] as const;

/** Turns a path as it is written into a path as runs take it. */
export type ToPath = (key: (typeof PATHS)[number], path: string) => string;

/**
 * Reads the settings of a command line.
 *
 * @param words each as `key=value`
 * @param note hears of values that are there twice
 * @param toPath of paths that are relative to another folder than the working directory
 * @throws {SweepError} naming the argument, or both where two speak of one setting
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const { axes } = readOverrides(["n_skills=2,4", "seed=0..2"], () => {});
 * assert.deepEqual(axes.get("n_skills")!.values.map(({ value }) => value), [2, 4]);
 * assert.throws(() => readOverrides(["r=1", "r=2"], () => {}), /argument "r=1" already gives r/);
 * ```
 */
export function readOverrides(
  words: readonly string[],
  note: Note,
  toPath: ToPath = (_, path) => path,
): Overrides {
  const axes = new Map<SettingKey, Axis>();
  let metric: Overrides["metric"] = null;
  for (const word of words) {
    const place = () => `argument "${escaped(word)}"`;
    if (!word.includes("=")) {
      throw new SweepError(
        `Cannot read ${place()} as a setting must be written key=value`,
      );
    }
    const key = word.split("=", 1)[0]!;
    const text = word.slice(word.indexOf("=") + 1).trim();
    const before = key === "metric" ? metric : axes.get(key as SettingKey);
    if (before) {
      throw new SweepError(
        `Cannot read ${place()} as ${before.place()} already gives ${key}: write one of them`,
      );
    }
    if (key === "metric") {
      if (text === "") throw new SweepError(`Cannot read ${place()} as a value is missing`);
      metric = { value: text, place };
      continue;
    }
    if (key !== "seeds" && (FILE_KEYS as readonly string[]).includes(key)) {
      throw new SweepError(
        `Cannot read ${place()} as ${key} is no setting: write it in the sweep's file`,
      );
    }
    checkKey(key, place);
    const path = PATHS.find((name) => name === key);
    const entries = entriesOfText(key, text, place).map((entry): Entry =>
      path !== undefined && typeof entry.value === "string"
        ? { ...entry, value: toPath(path, entry.value) }
        : entry
    );
    axes.set(key, axisOf(key, place, entries, note));
  }
  return { metric, axes };
}
