/** `batch_size: auto` in a sweep's file or on the command line: where it stands, and what takes its place. */
import { isJsonObject } from "../../files/json_object.ts";
import { parseRunConfig, type RunConfig } from "../../run/config.ts";
import type { Batch } from "../tuning/batch_size.ts";
import { checkSetting, entriesOfText, type Place, type SettingKey } from "./setting.ts";
import { SweepError } from "./sweep_error.ts";
import type { YamlText } from "./yaml_text.ts";

/** A sweep whose batch is to be measured. */
export interface AutoBatch {
  /** Examples of a step, whatever number of them is trained at once. */
  readonly examples: number;
  /** The file without what stands for the batch. */
  readonly yaml: YamlText;
  /** The settings of the command line, with a batch in place of what stood for it. */
  with(batch: Batch): string[];
}

type Mapping = Readonly<Record<string, unknown>>;

/** The two settings that a batch is made of. */
const OF_BATCH: readonly SettingKey[] = ["batch_size", "accumulation"];

/** Sections that give settings to some cells only. */
const OF_SOME = ["grid", "zip", "include", "exclude", "baseline", "primary"];

/**
 * What a sweep asks for by `batch_size: auto`: as many examples in a step as `accumulation` says batches of
 * the default size have.
 *
 * @param yaml of the sweep's file
 * @param words settings of the command line, which win
 * @returns null where the batch is given
 * @throws {SweepError} when cells are to have different batches
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { readYaml } from "./yaml_text.ts";
 *
 * const yaml = readYaml("set: { batch_size: auto, r: 2 }", "x.yaml");
 * const auto = autoBatch(yaml, ["accumulation=2"])!;
 * assert.deepEqual([auto.examples, auto.yaml.value], [64, { set: { r: 2 } }]);
 * assert.deepEqual(auto.with({ batch_size: 8, accumulation: 8 }), ["batch_size=8", "accumulation=8"]);
 * assert.equal(autoBatch(yaml, ["batch_size=16"]), null);
 * ```
 */
export function autoBatch(yaml: YamlText, words: readonly string[]): AutoBatch | null {
  const asked = new Map(words.map((word) => [word.split("=", 1)[0]!, word]));
  const textOf = (word: string | undefined) => word?.slice(word.indexOf("=") + 1).trim();
  const file: Mapping = isJsonObject(yaml.value) ? yaml.value : {};
  const set: Mapping = isJsonObject(file.set) ? file.set : {};
  const inFile = asked.has("batch_size") ? undefined : set.batch_size;
  if (textOf(asked.get("batch_size")) !== "auto" && inFile !== "auto") return null;
  for (const section of OF_SOME) {
    const key = OF_BATCH.find((key) =>
      [file[section]].flat().some((of) => isJsonObject(of) && key in of)
    );
    if (key === undefined) continue;
    throw new SweepError(
      `Cannot measure batch_size as ${
        yaml.locate([section])
      } names ${key}, and one batch is chosen for ` +
        `all cells: remove it there, or give batch_size a number`,
    );
  }
  const word = asked.get("accumulation");
  const place: Place = () =>
    word === undefined ? yaml.locate(["set", "accumulation"]) : `argument "${word}"`;
  const { batch_size, accumulation } = parseRunConfig({});
  const entries = word === undefined
    ? [checkSetting("accumulation", set.accumulation ?? accumulation, place)]
    : entriesOfText("accumulation", textOf(word)!, place);
  if (entries.length > 1) {
    throw new SweepError(
      `Cannot measure batch_size as ${place()} names several values, and one batch is chosen for all ` +
        `cells: give one of them, or give batch_size a number`,
    );
  }
  const others = Object.entries(set).filter(([key]) =>
    !(OF_BATCH as readonly string[]).includes(key)
  );
  const left = words.filter((word) =>
    !(OF_BATCH as readonly string[]).includes(word.split("=", 1)[0]!)
  );
  return {
    examples: batch_size * (entries[0]!.value as number),
    yaml: { ...yaml, value: { ...file, set: Object.fromEntries(others) } },
    with: (batch) => [...left, ...OF_BATCH.map((key) => `${key}=${batch[key as keyof Batch]}`)],
  };
}

/**
 * The cell whose steps are measured: that with the most skills and ranks.
 *
 * @throws {SweepError} when cells differ in what a step of them takes, such as the base model
 */
export function cellToMeasure(cells: readonly RunConfig[]): RunConfig {
  const [first] = cells;
  const differing = ALIKE.find((key) => cells.some((cell) => cell[key] !== first![key]));
  if (differing !== undefined) {
    throw new SweepError(
      `Cannot measure one batch_size for cells that differ in ${differing}: give batch_size a number, or ` +
        `sweep over each ${differing} by itself`,
    );
  }
  const size = ({ n_skills, r }: RunConfig) => n_skills * r;
  return cells.reduce((most, cell) => size(cell) > size(most) ? cell : most);
}

/** Settings that decide what a step takes more than any others. */
const ALIKE: readonly SettingKey[] = [
  "suite",
  "base_model",
  "base_model_revision",
  "max_input_tokens",
  "max_target_tokens",
  "backend",
];
