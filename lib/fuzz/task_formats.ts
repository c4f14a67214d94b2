/** Formats of tasks: a person's own examples in each format, Super-NaturalInstructions, BIG-Bench-Hard. */
import { join } from "node:path";
import { bbhSuite } from "../tasks/bbh.ts";
import { jsonlSuite } from "../tasks/jsonl.ts";
import { superniSuite } from "../tasks/superni.ts";
import { type Format, json } from "./format.ts";

const SIZE = { n_tasks: 1, n_heldout_tasks: 0, n_train: 1, n_validation: 0, n_test: 1, seed: 0 };

const LINES = ["sort", "swap"].flatMap((task) =>
  Array.from(
    { length: 4 },
    (_, i) =>
      JSON.stringify({ task, input: `${task} ${i}`, target: i % 2 === 0 ? "x" : ["x", "y"] }),
  )
);

const SUPERNI = {
  Contributors: ["A"],
  Source: ["s"],
  Categories: ["Question Answering", "Sorting"],
  Definition: ["Answer the question."],
  Instances: Array.from({ length: 4 }, (_, i) => ({
    id: `task001-${i}`,
    input: `What is ${i}?`,
    output: [`${i}`, `number ${i}`],
  })),
};

const BBH = {
  canary: "none",
  examples: Array.from({ length: 4 }, (_, i) => ({ input: `not ${i}`, target: "True" })),
};

const CELLS = ["sort", "swap"].flatMap((task) =>
  Array.from(
    { length: 4 },
    (_, i) => [task, `"${task}, ""${i}""\n"`, "x", i < 2 ? "train" : "test"],
  )
);

/** A file of a person's own examples, named by its format. */
function ownFile(ending: string, text: string): Format {
  return {
    seeds: () => [text],
    async read(input, dir) {
      const path = join(dir, `tasks.${ending}`);
      await Deno.writeFile(path, input);
      await jsonlSuite({ ...SIZE, data_file: path });
    },
  };
}

export const TASK_FORMATS: Readonly<Record<string, Format>> = {
  jsonl: ownFile("jsonl", `${LINES.join("\n")}\n`),
  json: ownFile("json", `[${LINES.join(",\n")}]`),
  csv: ownFile(
    "csv",
    [["task", "input", "target", "split"], ...CELLS].map((row) => row.join(",")).join("\n"),
  ),
  superni: {
    seeds: () => [json(SUPERNI)],
    async read(input, dir) {
      await Deno.writeFile(join(dir, "task001_a.json"), input);
      await superniSuite({ ...SIZE, data_dir: dir, split: "seeded" });
    },
  },
  bbh: {
    seeds: () => [json(BBH)],
    async read(input, dir) {
      await Deno.writeFile(join(dir, "negation.json"), input);
      await bbhSuite({ ...SIZE, data_dir: dir });
    },
  },
};
