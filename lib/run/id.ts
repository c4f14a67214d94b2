import { createHash } from "node:crypto";
import { LATER_SETTINGS, RUN_CONFIG_KEYS, type RunConfig } from "./config.ts";

/**
 * Everything a run depends on, as one text: two runs are the same when their texts are.
 * {@linkcode LATER_SETTINGS} count only where they change something.
 *
 * @param without settings to leave out; `["seed"]` gives what the configs of one cell share
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "./config.ts";
 *
 * const [first, second] = [parseRunConfig({ seed: 1 }), parseRunConfig({ seed: 2 })];
 * assert.notEqual(settingsText(first), settingsText(second));
 * assert.equal(settingsText(first, ["seed"]), settingsText(second, ["seed"]));
 * ```
 */
export function settingsText(
  config: RunConfig,
  without: readonly (keyof RunConfig)[] = [],
): string {
  const isOf = (key: keyof RunConfig) =>
    !without.includes(key) &&
    !(key in LATER_SETTINGS && isWithout(key, config[key]));
  return JSON.stringify(RUN_CONFIG_KEYS.filter(isOf).map((key) => [key, config[key]]));
}

/** Whether a later setting has the value at which a run is what it was without it. */
function isWithout(key: keyof RunConfig, value: unknown): boolean {
  return value === undefined || JSON.stringify(value) === JSON.stringify(LATER_SETTINGS[key]);
}

/**
 * What the runs of one cell share, for each of many runs: {@linkcode settingsText} without the seed.
 * Runs that differ from the one before in their seed alone, as in a plan, cost next to nothing.
 */
export function cellTexts(runs: readonly { readonly config: RunConfig }[]): string[] {
  let before: RunConfig | undefined;
  let text = "";
  return runs.map(({ config }) => {
    const isSame = before !== undefined &&
      RUN_CONFIG_KEYS.every((key) => key === "seed" || config[key] === before![key]);
    if (!isSame) text = settingsText(config, ["seed"]);
    before = config;
    return text;
  });
}

/**
 * Sixteen hexadecimal digits that stand for everything a run depends on: the start of the SHA-256 of
 * {@linkcode settingsText}. They name a run; whether two runs are the same is for the text to say.
 *
 * @param without settings to leave out
 */
export function configHash(config: RunConfig, without: readonly (keyof RunConfig)[] = []): string {
  return createHash("sha256").update(settingsText(config, without)).digest("hex").slice(0, 16);
}

/**
 * The name of a run's folder: the settings that its sweep varies, for people, and the hash, for
 * everything else, such as `n_skills=8,n_splits=4,seed=0--1f2e3d4c5b6a7988`.
 */
export function runId(config: RunConfig, varying: readonly (keyof RunConfig)[]): string {
  const settings = varying.map((key) => `${key}=${plain(config[key])}`).join(",").slice(0, 120);
  return `${settings}--${configHash(config)}`;
}

/** Sixteen digits, or the eight that the names of earlier results end in. */
const HASH = /--([0-9a-f]{16}|[0-9a-f]{8})$/;

/** The hash at the end of a run's name, or null when there is none. */
export function hashOf(id: string): string | null {
  return HASH.exec(id)?.[1] ?? null;
}

/**
 * Whether a run's name ends in the hash of these settings, or in the eight digits of it that earlier
 * results were named with.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "./config.ts";
 *
 * const config = parseRunConfig({});
 * const id = runId(config, ["seed"]);
 * assert.ok(isNamedAfter(id, config) && isNamedAfter(id.slice(0, -8), config));
 * assert.ok(!isNamedAfter(id, { ...config, seed: 1 }));
 * ```
 */
export function isNamedAfter(id: string, config: RunConfig): boolean {
  const hash = hashOf(id);
  return hash !== null && configHash(config).startsWith(hash);
}

function plain(value: unknown): string {
  const text = Array.isArray(value) ? value.join("+") : String(value);
  return text.replace(/[^A-Za-z0-9.+_-]/g, "_");
}

/** The settings in a run's name, without the hash. */
export function runLabel(id: string): string {
  return id.replace(HASH, "");
}
