/** A sweep's file together with the files that it extends: one text, and the place of every entry. */
import { dirname, join, normalize } from "node:path";
import { isJsonObject } from "../../files/json_object.ts";
import { SweepError } from "./sweep_error.ts";
import { readYaml, type YamlText } from "./yaml_text.ts";

/** A file that is extended, or extends others. */
export interface SweepText {
  readonly path: string;
  readonly text: string;
}

/** The most files that extend each other. */
const MOST_FILES = 10;

/** Sections whose entries are taken one by one; of the others a file's own takes the place of all. */
const BY_ENTRY = ["set", "grid", "zip", "slurm"];
/** Sections that give settings to the same cells, so that an entry takes the place of one in any of them. */
const OF_CELLS = ["set", "grid", "zip"];

/**
 * Reads a sweep's file and what it `extends`, a path from its own folder. What the file says takes the place
 * of what the extended file says: a setting in `set`, `grid` or `zip` that of the same setting in all three,
 * a setting of Slurm that of the same, and every other key that of the whole key; null takes it away.
 *
 * @param source the file
 * @param read gives the text of a path
 * @returns the joined text, whose places name the file that each entry is from, and all files, the first one
 * first
 * @throws {SweepError} when a file extends itself, also by others, or cannot be read, with its place
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const files: Record<string, string> = { "a/base.yaml": "set: { r: 2 }\ngrid: { n_skills: [2, 4] }" };
 * const source = { path: "a/mine.yaml", text: "extends: base.yaml\nset: { n_skills: 8 }" };
 * const { yaml } = await readExtended(source, (path) => Promise.resolve(files[path]!));
 * assert.deepEqual(yaml.value, { set: { r: 2, n_skills: 8 }, grid: {} });
 * assert.equal(yaml.locate(["set", "r"]), "a/base.yaml:1:8 set.r");
 * assert.equal(yaml.locate(["set", "n_skills"]), "a/mine.yaml:2:8 set.n_skills");
 * ```
 */
export async function readExtended(
  source: SweepText,
  read: (path: string) => Promise<string>,
): Promise<{ readonly yaml: YamlText; readonly files: readonly SweepText[] }> {
  const files = [source];
  let yaml = readYaml(source.text, source.path);
  for (let last = yaml; extendsOf(last) !== undefined;) {
    const { path } = files.at(-1)!;
    const place = last.locate(["extends"]);
    const given = extendsOf(last);
    if (typeof given !== "string" || given.trim() === "") {
      throw new SweepError(`Cannot read ${place} as it must be the path of another sweep's file`);
    }
    const next = /^([\\/]|\w:)/.test(given) ? given : join(dirname(path), given);
    const chain = [...files.map((file) => file.path), next];
    if (files.some((file) => normalize(file.path) === normalize(next))) {
      throw new SweepError(
        `Cannot read ${place} as no file can extend itself: ${chain.join(" extends ")}`,
      );
    }
    if (chain.length > MOST_FILES) {
      throw new SweepError(`Cannot read ${place} as at most ${MOST_FILES} files extend each other`);
    }
    const text = await read(next).catch((error: Error) => {
      throw new SweepError(`Cannot read ${place}: ${error.message}`);
    });
    files.push({ path: next, text });
    last = readYaml(text, next);
    yaml = joined(yaml, last);
  }
  return { yaml, files };
}

type Mapping = Readonly<Record<string, unknown>>;

function extendsOf({ value }: YamlText): unknown {
  return isJsonObject(value) ? value.extends ?? undefined : undefined;
}

/** What a text says, on top of what another says. */
function joined(own: YamlText, other: YamlText): YamlText {
  if (!isJsonObject(other.value)) return other.value === null ? withoutExtends(own) : other; // to be refused
  const [mine, theirs] = [own.value as Mapping, other.value];
  const ofCells = OF_CELLS.flatMap((section) =>
    isJsonObject(mine[section]) ? Object.keys(mine[section]) : []
  );
  const value: Record<string, unknown> = { ...theirs, ...mine };
  for (const section of BY_ENTRY) {
    const [a, b] = [theirs[section], mine[section] ?? {}];
    if (!isJsonObject(a) || !isJsonObject(b)) continue;
    const kept = Object.entries(a).filter(([key]) =>
      !OF_CELLS.includes(section) || !ofCells.includes(key)
    );
    value[section] = { ...Object.fromEntries(kept), ...b };
  }
  delete value.extends;
  const has = (mapping: unknown, keys: readonly (string | number)[]): boolean =>
    keys.length === 0 ||
    isJsonObject(mapping) && Object.hasOwn(mapping, keys[0]!) &&
      has(mapping[keys[0]!], keys.slice(1));
  return {
    value,
    locate: (keys) => {
      const whole = keys.slice(0, BY_ENTRY.includes(String(keys[0])) ? 2 : 1);
      const isMine = has(mine, whole) || !has(theirs, whole);
      return isMine ? own.locate(keys) : other.locate(keys);
    },
  };
}

function withoutExtends({ value, locate }: YamlText): YamlText {
  const { extends: _, ...others } = value as Mapping;
  return { value: others, locate };
}
