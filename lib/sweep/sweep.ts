import { suggest } from "../util/words.ts";
import { isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { z } from "zod";
import { grid } from "../util/grid.ts";
import { RUN_CONFIG, RUN_CONFIG_KEYS, type RunConfig } from "../run/config.ts";
import { configHash, runId } from "../run/id.ts";
import { settingValues } from "./setting_value.ts";

/** A study: the question it answers and the runs that answer it. */
export interface Sweep {
  /** The stem of its file, and of its folder of results. */
  readonly name: string;
  /** What the sweep is to find out, in a sentence. */
  readonly question: string;
  /** The column by which tables are ordered. */
  readonly metric: string;
  /** Settings of the cell that differences are taken against; null for none. */
  readonly baseline: Partial<RunConfig> | null;
  /** Settings with more than one value, in the order of {@linkcode RUN_CONFIG_KEYS}. */
  readonly varying: readonly (keyof RunConfig)[];
  /** Every run, seeds innermost. */
  readonly runs: readonly PlannedRun[];
}

/** One run of a sweep. */
export interface PlannedRun {
  /** The name of its folder. */
  readonly id: string;
  /** All its settings. */
  readonly config: RunConfig;
}

/** Thrown when a sweep's file or command line cannot be read, with the place of the fault. */
export class SweepError extends SyntaxError {
  override readonly name = "SweepError";
}

const FILE_KEYS = [
  "question",
  "metric",
  "baseline",
  "set",
  "grid",
  "zip",
  "include",
  "exclude",
  "seeds",
] as const;

interface SweepFile {
  question: string;
  metric: string;
  baseline: Record<string, unknown> | null;
  set: Record<string, unknown>;
  grid: Record<string, unknown[]>;
  zip: Record<string, unknown[]>;
  include: Record<string, unknown>[];
  exclude: Record<string, unknown>[];
  seeds: unknown[];
}

/** The place of a key in the text, as `file:line:column`. */
type Locate = (path: readonly (string | number)[]) => string;

/**
 * Reads a sweep from YAML and the command line, which wins.
 *
 * The cells are every combination of `grid`, together with `zip` (axes that move together), on top of
 * `set`, without those that match an entry of `exclude`, and with those of `include`; each cell runs
 * once per seed.
 *
 * @param text the YAML
 * @param path of the file, for messages and the name
 * @param overrides settings of the command line, such as `n_skills=2,4,8`: one value is set, several
 * become an axis
 * @throws {SweepError} naming file, line, column and key, with the nearest known key
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const text = "question: Does size matter?\ngrid: { n_skills: [2, 4] }\nseeds: 0..1\n";
 * const sweep = readSweep(text, "experiments/size.yaml", ["n_splits=4"]);
 * assert.equal(sweep.name, "size");
 * assert.deepEqual(sweep.varying, ["n_skills", "seed"]);
 * assert.deepEqual(sweep.runs.map(({ config }) => [config.n_skills, config.n_splits, config.seed]), [
 *   [2, 4, 0], [2, 4, 1], [4, 4, 0], [4, 4, 1],
 * ]);
 * ```
 */
export function readSweep(text: string, path: string, overrides: readonly string[] = []): Sweep {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  if (document.errors.length > 0) {
    const [error] = document.errors;
    const { line, col } = lines.linePos(error!.pos[0]);
    throw new SweepError(`Cannot read ${path}:${line}:${col}: ${error!.message.split("\n")[0]}`);
  }
  const locate: Locate = (keys) => {
    const offset = offsetOf(document.contents, keys);
    const { line, col } = lines.linePos(offset);
    return `${path}:${line}:${col} ${keys.join(".")}`;
  };
  const file = readFile(document.toJS() ?? {}, locate);
  applyOverrides(file, overrides);
  return expand(file, path, locate);
}

function readFile(value: unknown, locate: Locate): SweepFile {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SweepError(
      `Cannot read ${locate([])}as a sweep is a mapping of ${FILE_KEYS.join(", ")}`,
    );
  }
  const given = value as Record<string, unknown>;
  for (const key of Object.keys(given)) {
    if (!(FILE_KEYS as readonly string[]).includes(key)) {
      throw new SweepError(`Cannot read ${locate([key])}: unknown key${suggest(key, FILE_KEYS)}`);
    }
  }
  const settings = (where: (string | number)[], found: unknown): Record<string, unknown> => {
    if (found === undefined || found === null) return {};
    if (typeof found !== "object" || Array.isArray(found)) {
      throw new SweepError(`Cannot read ${locate(where)} as it must map settings to values`);
    }
    for (const key of Object.keys(found)) checkKey(key, [...where, key], locate);
    return found as Record<string, unknown>;
  };
  const axes = (where: string): Record<string, unknown[]> => {
    const found = settings([where], given[where]);
    return Object.fromEntries(
      Object.entries(found).map(([key, values]) => {
        const list = typeof values === "string"
          ? rangeValues(values, [where, key], locate)
          : values;
        if (!Array.isArray(list) || list.length === 0) {
          throw new SweepError(
            `Cannot read ${
              locate([where, key])
            } as an axis is a list of values, or a range as 0..4`,
          );
        }
        return [key, list];
      }),
    );
  };
  const cells = (where: string) => {
    const found = given[where] ?? [];
    if (!Array.isArray(found)) {
      throw new SweepError(`Cannot read ${locate([where])} as it must be a list of settings`);
    }
    return found.map((cell, i) => settings([where, i], cell));
  };
  const zip = axes("zip");
  const lengths = new Set(Object.values(zip).map((values) => values.length));
  if (lengths.size > 1) {
    throw new SweepError(
      `Cannot read ${locate(["zip"])} as its axes move together and must be equally long: ` +
        Object.entries(zip).map(([key, values]) => `${key} has ${values.length}`).join(", "),
    );
  }
  const seeds = given.seeds ?? [0];
  const list = typeof seeds === "string" ? rangeValues(seeds, ["seeds"], locate) : [seeds].flat();
  return {
    question: textAt("question", given, "", locate),
    metric: textAt("metric", given, "heldout_exact_match", locate),
    baseline: given.baseline === undefined ? null : settings(["baseline"], given.baseline),
    set: settings(["set"], given.set),
    grid: axes("grid"),
    zip,
    include: cells("include"),
    exclude: cells("exclude"),
    seeds: list,
  };
}

function textAt(key: string, given: Record<string, unknown>, absent: string, locate: Locate) {
  const value = given[key] ?? absent;
  if (typeof value !== "string") {
    throw new SweepError(`Cannot read ${locate([key])} as it is no text`);
  }
  return value.trim();
}

function rangeValues(text: string, where: (string | number)[], locate: Locate): unknown[] {
  try {
    return settingValues(text);
  } catch (error) {
    throw new SweepError(`Cannot read ${locate(where)}: ${(error as Error).message}`);
  }
}

/** Where in the text the node at `keys` starts; of its nearest parent when it has none. */
function offsetOf(root: Node | null, keys: readonly (string | number)[]): number {
  let node: Node | null = root;
  let offset = root?.range?.[0] ?? 0;
  for (const key of keys) {
    if (isMap(node)) {
      const pair = (node as YAMLMap<Node, Node | null>).items.find((item) =>
        isScalar(item.key) && item.key.value === key
      );
      if (pair === undefined) break;
      offset = pair.key.range?.[0] ?? offset;
      node = pair.value;
    } else {
      const item = (node as unknown as { items?: (Node | null)[] } | null)?.items?.[Number(key)];
      if (item === undefined || item === null) break;
      offset = item.range?.[0] ?? offset;
      node = item;
    }
  }
  return offset;
}

function checkKey(key: string, where: readonly (string | number)[], locate: Locate): void {
  if (!(RUN_CONFIG_KEYS as readonly string[]).includes(key)) {
    throw new SweepError(
      `Cannot read ${locate(where)}: unknown setting${suggest(key, RUN_CONFIG_KEYS)}`,
    );
  }
}

function applyOverrides(file: SweepFile, overrides: readonly string[]): void {
  for (const override of overrides) {
    const [key, text] = [override.split("=", 1)[0]!, override.slice(override.indexOf("=") + 1)];
    if (!override.includes("=")) {
      throw new SweepError(`Cannot read argument "${override}" as a setting is written key=value`);
    }
    const locate = () => `argument "${override}"`;
    if (key === "metric") {
      file.metric = text;
      continue;
    }
    checkKey(key, [], locate);
    const values = rangeValues(text, [], locate);
    if (key === "seed") {
      file.seeds = values;
      continue;
    }
    delete file.set[key];
    delete file.grid[key];
    delete file.zip[key];
    if (values.length === 1) {
      file.set[key] = values[0];
      for (const cell of file.include) delete cell[key];
    } else {
      file.grid[key] = values;
    }
  }
}

function expand(file: SweepFile, path: string, locate: Locate): Sweep {
  const zipped = Object.keys(file.zip).length === 0
    ? [{}]
    : Object.values(file.zip)[0]!.map((_, i) =>
      Object.fromEntries(Object.entries(file.zip).map(([key, values]) => [key, values[i]]))
    );
  const matches = (cell: Record<string, unknown>, pattern: Record<string, unknown>) =>
    Object.entries(pattern).every(([key, value]) =>
      JSON.stringify(cell[key]) === JSON.stringify(value)
    );
  const cells = [
    ...grid(file.grid).flatMap((point) =>
      zipped.map((pair) => ({ ...file.set, ...point, ...pair }))
    )
      .filter((cell) => !file.exclude.some((pattern) => matches(cell, pattern))),
    ...file.include.map((cell) => ({ ...file.set, ...cell })),
  ];
  const configs = new Map<string, RunConfig>();
  for (const cell of cells) {
    for (const seed of file.seeds) {
      const config = check({ ...cell, seed }, file, locate);
      configs.set(configHash(config), config);
    }
  }
  if (configs.size === 0) throw new SweepError(`Cannot run ${path} as it leaves no cell to run`);
  const all = [...configs.values()];
  const varying = RUN_CONFIG_KEYS.filter((key) =>
    key === "seed" || new Set(all.map((config) => JSON.stringify(config[key]))).size > 1
  );
  return {
    name: path.replace(/^.*[\\/]/, "").replace(/\.ya?ml$/, ""),
    question: file.question,
    metric: file.metric,
    baseline: file.baseline as Partial<RunConfig> | null,
    varying,
    runs: all.map((config) => ({ id: runId(config, varying), config })),
  };
}

/** A complete record, or an error at the place in the file where the wrong value stands. */
function check(cell: Record<string, unknown>, file: SweepFile, locate: Locate): RunConfig {
  const result = RUN_CONFIG.safeParse(cell);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const key = String(issue!.path[0]);
  const value = JSON.stringify(cell[key]);
  throw new SweepError(
    `Cannot read ${locate(placeOf(key, cell[key], file))} as ${key} is ${value}: ` +
      z.prettifyError(result.error).split("\n")[0]!.replace(/^✖ /, ""),
  );
}

function placeOf(key: string, value: unknown, file: SweepFile): (string | number)[] {
  const text = JSON.stringify(value);
  for (const where of ["grid", "zip"] as const) {
    const index = file[where][key]?.findIndex((item) => JSON.stringify(item) === text) ?? -1;
    if (index >= 0) return [where, key, index];
  }
  const cell = file.include.findIndex((item) => JSON.stringify(item[key]) === text);
  if (cell >= 0) return ["include", cell, key];
  return key === "seed" ? ["seeds"] : ["set", key];
}
