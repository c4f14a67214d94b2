import { createHash } from "node:crypto";
import { LATER_SETTINGS, RUN_CONFIG_KEYS, type RunConfig } from "./config.ts";

/**
 * Eight hexadecimal digits that stand for everything a run depends on: the start of the SHA-256 of
 * its settings in their fixed order. {@linkcode LATER_SETTINGS} count only where they change something.
 *
 * @param without settings to leave out; `["seed"]` gives what the configs of one cell share
 */
export function configHash(config: RunConfig, without: readonly (keyof RunConfig)[] = []): string {
  const isOf = (key: keyof RunConfig) =>
    !without.includes(key) &&
    !(key in LATER_SETTINGS && (config[key] === undefined || config[key] === LATER_SETTINGS[key]));
  const settings = RUN_CONFIG_KEYS.filter(isOf).map((key) => [key, config[key]]);
  return createHash("sha256").update(JSON.stringify(settings)).digest("hex").slice(0, 8);
}

/**
 * The name of a run's folder: the settings that its sweep varies, for people, and the hash, for
 * everything else, such as `n_skills=8,n_splits=4,seed=0--1f2e3d4c`.
 */
export function runId(config: RunConfig, varying: readonly (keyof RunConfig)[]): string {
  const settings = varying.map((key) => `${key}=${plain(config[key])}`).join(",").slice(0, 120);
  return `${settings}--${configHash(config)}`;
}

/** The hash at the end of a run's name, or null when there is none. */
export function hashOf(id: string): string | null {
  return /--([0-9a-f]{8})$/.exec(id)?.[1] ?? null;
}

function plain(value: unknown): string {
  const text = Array.isArray(value) ? value.join("+") : String(value);
  return text.replace(/[^A-Za-z0-9.+_-]/g, "_");
}

/** The settings in a run's name, without the hash. */
export function runLabel(id: string): string {
  return id.replace(/--[0-9a-f]{8}$/, "");
}
