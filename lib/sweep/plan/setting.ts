/** A setting as it is written somewhere: its key and value checked, and the place kept. */
import { z } from "zod";
import { escaped } from "../../files/escaped.ts";
import { RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../../run/config.ts";
import { suggest } from "../../util/words.ts";
import { MOST_RUNS, type WrittenValue, writtenValues } from "./setting_value.ts";
import { SweepError } from "./sweep_error.ts";

/** The name of a setting. */
export type SettingKey = keyof RunConfig;

/** Where something is written, such as `x.yaml:3:8 set.r` or `argument "r=2"`. */
export type Place = () => string;

/** A checked value, and where it is written. */
export interface Entry {
  readonly value: unknown;
  readonly place: Place;
}

/** Settings that belong together, and where they are written. */
export interface SettingGroup {
  readonly place: Place;
  readonly entries: Map<SettingKey, Entry>;
}

/** The different values that a setting is to take. */
export interface Axis {
  readonly place: Place;
  readonly values: readonly Entry[];
}

/** Hears what a person may not have meant, a sentence at a time. */
export type Note = (sentence: string) => void;

/** What other programs call settings, where no letters lead to ours. */
const OTHER_NAMES: Readonly<Record<string, SettingKey>> = {
  lr: "learning_rate",
  bs: "batch_size",
  rank: "r",
  lora_r: "r",
  model: "base_model",
  model_name_or_path: "base_model",
  device: "backend",
  max_steps: "steps",
};

/**
 * Fails when there is no such setting, with what may have been meant.
 *
 * @throws {SweepError} naming the place
 */
export function checkKey(key: string, place: Place): asserts key is SettingKey {
  if ((RUN_CONFIG_KEYS as readonly string[]).includes(key)) return;
  const plain = meantKey(key);
  const meant = plain === null ? suggest(key, RUN_CONFIG_KEYS) : `, did you mean "${plain}"?`;
  throw new SweepError(`Cannot read ${place()}: unknown setting${meant}`);
}

/**
 * The setting that is meant by a name in other letters, or by what other programs call it; null where
 * there is none.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(["N_SKILLS", "n-skills", "lr", "x"].map(meantKey), [
 *   "n_skills", "n_skills", "learning_rate", null,
 * ]);
 * ```
 */
export function meantKey(name: string): SettingKey | null {
  const lower = name.toLowerCase().replaceAll("-", "_").replace(/^_+/, "");
  const plain = Object.hasOwn(OTHER_NAMES, lower) ? OTHER_NAMES[lower] : lower;
  return RUN_CONFIG_KEYS.find((key) => key === plain) ?? null;
}

/**
 * A value as a run takes it.
 *
 * @throws {SweepError} naming the place, the value and the rule
 */
export function checkSetting(key: SettingKey, value: unknown, place: Place): Entry {
  const result = RUN_CONFIG.shape[key].safeParse(value);
  if (result.success) return { value: result.data, place };
  throw new SweepError(
    `Cannot read ${place()} as ${key} is ${textOf(value)}: ${result.error.issues[0]!.message}` +
      remedy(key, value),
  );
}

/** What to write instead, where what was meant can be guessed. */
function remedy(key: SettingKey, value: unknown): string {
  const { enum: words } = z.toJSONSchema(RUN_CONFIG.shape[key], { io: "input" });
  if (words !== undefined && typeof value === "string") {
    const near = suggest(value, words.map(String));
    if (near.startsWith(",")) return near;
  }
  if (key === "batch_size" && value === "auto") {
    return "; auto stands for one batch of all cells: write it under set, or alone as batch_size=auto";
  }
  const takes = (other: unknown) => RUN_CONFIG.shape[key].safeParse(other).success;
  if (Array.isArray(value) && value.length > 0 && value.every(takes)) {
    return `; several values are written with commas alone: ${key}=${
      escaped(value.map(String).join(","))
    }`;
  }
  if (typeof value === "string" && /^\S+\.\.\S+$/.test(value)) {
    return `; a range has integers at both ends, such as 0..4, or says how many values it has, such as ` +
      `1e-4..1e-1:log4 or 0..1:lin5`;
  }
  if (takes([value])) return `; a list is written in brackets: [${escaped(String(value))}]`;
  return "";
}

/** A value in a message, cut where it is long. */
export function textOf(value: unknown): string {
  const text = typeof value === "number" ? String(value) : JSON.stringify(value) ?? String(value);
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

/** What two equal values have in common and no others. */
export function valueKey(value: unknown): string {
  return JSON.stringify(value);
}

/**
 * The values that a text gives to a setting. A setting that takes text gets it as it stands where what
 * it looks like, a number or a list, would be refused. Where a setting takes integers alone, the values of a
 * range between its ends are rounded.
 *
 * @throws {SweepError} naming the place
 */
export function entriesOfText(key: SettingKey, text: string, place: Place): Entry[] {
  let written: WrittenValue[];
  try {
    written = writtenValues(text);
  } catch (error) {
    throw new SweepError(`Cannot read ${place()}: ${(error as Error).message}`);
  }
  const schema = RUN_CONFIG.shape[key];
  const takes = (value: unknown) => schema.safeParse(value).success;
  return written.map(({ value, text, isBetween = false }) => {
    if (isBetween && !takes(value) && takes(Math.round(value as number))) {
      return checkSetting(key, Math.round(value as number), place);
    }
    const asText = typeof value !== "string" && !takes(value) && takes(text);
    return checkSetting(key, asText ? text : value, place);
  });
}

/**
 * The values of an axis, each once.
 *
 * @param note hears of values that are there twice
 * @throws {SweepError} when there are more than a sweep may have runs
 */
export function axisOf(
  name: string,
  place: Place,
  entries: readonly Entry[],
  note: Note,
): Axis {
  if (entries.length > MOST_RUNS) {
    throw new SweepError(
      `Cannot read ${place()} as it has ${entries.length.toLocaleString("en-US")} values, and a ` +
        `sweep has at most ${MOST_RUNS.toLocaleString("en-US")} runs`,
    );
  }
  const byValue = new Map<string, Entry>();
  const twice = new Set<string>();
  for (const entry of entries) {
    const key = valueKey(entry.value);
    if (byValue.has(key)) twice.add(textOf(entry.value));
    else byValue.set(key, entry);
  }
  if (twice.size > 0) {
    const values = [...twice].slice(0, 5).join(", ") + (twice.size > 5 ? ", …" : "");
    note(`${place()} gives ${name} the value ${values} more than once; each is run once`);
  }
  return { place, values: [...byValue.values()] };
}
