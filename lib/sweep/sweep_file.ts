/** A sweep's file as it is written, with the place of every fault, and what the command line changes. */
import { isMap, isScalar, LineCounter, type Node, parseDocument, type YAMLMap } from "yaml";
import { RUN_CONFIG_KEYS } from "../run/config.ts";
import { suggest } from "../util/words.ts";
import { settingValues } from "./setting_value.ts";

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

/** Contents of a sweep file. Settings have known names; their values are not checked yet. */
export interface SweepFile {
  question: string;
  metric: string;
  /** Settings of the cell that differences are taken against. */
  baseline: Record<string, unknown> | null;
  /** Settings of every cell. */
  set: Record<string, unknown>;
  /** Axes of which every combination is a cell. */
  grid: Record<string, unknown[]>;
  /** Axes that move together; equally long. */
  zip: Record<string, unknown[]>;
  /** Further cells. */
  include: Record<string, unknown>[];
  /** Cells that are left out. */
  exclude: Record<string, unknown>[];
  seeds: unknown[];
}

/** The place of a key in the text, as `file:line:column key`. */
export type Locate = (path: readonly (string | number)[]) => string;

/**
 * Reads a sweep's file.
 *
 * @param text the YAML
 * @param path path of the file, for messages
 * @throws {SweepError} when the text is no YAML, or a key or the kind of a value is wrong, naming file,
 * line, column and key
 */
export function readSweepFile(text: string, path: string): { file: SweepFile; locate: Locate } {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    const { line, col } = lines.linePos(error.pos[0]);
    throw new SweepError(`Cannot read ${path}:${line}:${col}: ${error.message.split("\n")[0]}`);
  }
  const locate: Locate = (keys) => {
    const { line, col } = lines.linePos(offsetOf(document.contents, keys));
    return [`${path}:${line}:${col}`, keys.join(".")].filter((part) => part !== "").join(" ");
  };
  return { file: checkFile(document.toJS() ?? {}, locate), locate };
}

/**
 * Puts settings of the command line in place of the file's.
 *
 * @param overrides each as `key=value`; one value is set, several become an axis
 * @throws {SweepError} naming the argument
 */
export function applyOverrides(file: SweepFile, overrides: readonly string[]): void {
  for (const override of overrides) {
    const key = override.split("=", 1)[0]!;
    const text = override.slice(override.indexOf("=") + 1);
    if (!override.includes("=")) {
      throw new SweepError(
        `Cannot read argument "${override}" as a setting must be written key=value`,
      );
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

function checkFile(value: unknown, locate: Locate): SweepFile {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new SweepError(
      `Cannot read ${locate([])} as a sweep must be a mapping of ${FILE_KEYS.join(", ")}`,
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
          const place = locate([where, key]);
          throw new SweepError(
            `Cannot read ${place} as an axis must be a list of values, or a range such as 0..4`,
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
    throw new SweepError(`Cannot read ${locate([key])} as it must be a string`);
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
