/** The plan of a sweep as its folder keeps it, and its reading from a file that anyone may have edited. */
import { escapedValue } from "../files/escaped.ts";
import { z } from "zod";
import { duplicateKey } from "../files/duplicate_key.ts";
import { isPlainFileName } from "../files/plain_file_name.ts";
import { RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import { configHash, isNamedAfter } from "../run/id.ts";
import { faultsOf } from "../run/result.ts";
import { printableLine } from "../util/printable.ts";
import { StoreError } from "./store_error.ts";
import { EARLY_STOPPING } from "./tuning/early_stopping.ts";
import type { Sweep } from "./plan/sweep.ts";

/** What a person has asked for. */
export interface SweepSource {
  /** The text of the sweep's file. */
  readonly yaml: string;
  /** The command line. */
  readonly command: string;
}

/** The plan of a sweep, as its folder keeps it. */
export interface Manifest extends Sweep {
  /** The version of the file's form. */
  readonly schema: 1;
  /** What made the plan, and each of its extensions, in their order; earlier versions kept none of it. */
  readonly sources?: readonly SweepSource[] | undefined;
}

const KEY = z.enum(RUN_CONFIG_KEYS as [keyof RunConfig, ...(keyof RunConfig)[]], {
  error: "must be the name of a setting",
});

/** Checked as settings, and kept as the few that are written. */
const SETTINGS = z.custom<Partial<RunConfig>>(
  (value) => RUN_CONFIG.safeParse(value).success,
  "must be settings with values of theirs",
);

const MANIFEST: z.ZodType<Manifest> = z.strictObject({
  schema: z.literal(1),
  name: z.string(),
  question: z.string(),
  metric: z.string(),
  baseline: SETTINGS.nullable(),
  primary: z.array(SETTINGS).optional(),
  margin: z.number().positive().optional(),
  early_stopping: EARLY_STOPPING.optional(),
  varying: z.array(KEY),
  sources: z.array(z.strictObject({ yaml: z.string(), command: z.string() })).optional(),
  runs: z.array(z.strictObject({ id: z.string(), config: RUN_CONFIG })),
});

/**
 * Reads the text of a manifest.
 *
 * @param path of the file, for messages
 * @throws {StoreError} when the text is no JSON, or a value is missing, unknown or of a wrong kind, or a
 * run's id is not that of its settings or names no folder; the message says how to keep every run
 */
export function parseManifest(text: string, path: string): Manifest {
  const damaged = (why: string) =>
    new StoreError(
      `Cannot read ${path} as it is damaged: ${
        printableLine(why)
      }; remove this one file and run the same sweep ` +
        `again: the file is written anew, and every run that is done is kept`,
    );
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged((error as Error).message);
  }
  const parsed = MANIFEST.safeParse(value);
  if (!parsed.success) throw damaged(faultsOf(parsed.error));
  const twice = duplicateKey(text);
  if (twice !== null) throw damaged(`key ${escapedValue(twice)} is there twice`);
  const ids = new Set<string>();
  for (const { id, config } of parsed.data.runs) {
    if (!isNamedAfter(id, config)) {
      throw damaged(
        `run ${escapedValue(id)} has settings of another hash, ${configHash(config)}`,
      );
    }
    if (!isFolderName(id)) throw damaged(`run ${escapedValue(id)} must name a folder`);
    if (ids.has(id)) throw damaged(`run ${escapedValue(id)} is there twice`);
    ids.add(id);
  }
  return parsed.data;
}

/**
 * Whether a run of this id has a folder of its own directly below `runs`, on every system.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.ok(isFolderName("n_skills=8,seed=0--1f2e3d4c"));
 * assert.ok(!isFolderName("../../elsewhere--1f2e3d4c") && !isFolderName(".hidden--1f2e3d4c"));
 * ```
 */
export function isFolderName(id: string): boolean {
  return isPlainFileName(id) && !/^[. ]|[. ]$|[<>"|?*]/.test(id) && printableLine(id) === id &&
    new TextEncoder().encode(id).length <= 255;
}
