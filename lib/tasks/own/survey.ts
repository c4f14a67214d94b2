import { textHash } from "../jsonl.ts";
import { fairest } from "../split_examples.ts";
import { type Part, PARTS } from "../task.ts";
import { openRecords } from "./open_records.ts";
import { checkRecord, RECORD_KEYS } from "./record.ts";

/** What a person's own data holds. */
export interface DataSurvey {
  /** What the files are, for people: `JSON lines`. */
  readonly kind: string;
  /** Every task, sorted by name. */
  readonly tasks: readonly TaskSurvey[];
  /** Whether examples name the part of their task, and which parts are named at all. */
  readonly parts: readonly Part[];
  /** Columns and keys that are passed over. */
  readonly others: readonly string[];
  /** Where the first empty target stands; null where there is none. */
  readonly firstEmpty: string | null;
  /** Tokens of every input and of every first target; null where no tokenizer was given. */
  readonly lengths:
    | { readonly inputs: readonly number[]; readonly targets: readonly number[] }
    | null;
}

/** What one task holds. */
export interface TaskSurvey {
  readonly name: string;
  /** Its examples, each as the file has it. */
  readonly examples: number;
  /** Its different inputs; examples of one input are one, with the references of all. */
  readonly inputs: number;
  /** Its different inputs in each part, where parts are named. */
  readonly perPart: Readonly<Record<Part, number>>;
  /** Inputs that stand in several parts. */
  readonly leaks: number;
  /** Examples whose first target is empty. */
  readonly emptyTargets: number;
  /** Tokens of the longest input and target; 0 where no tokenizer was given. */
  readonly longestInput: number;
  readonly longestTarget: number;
}

/** How many tokens a text has, as a model reads it. */
export interface TokenCounts {
  input(text: string): number;
  target(text: string): number;
}

/**
 * Goes through a person's own data once, checks every example as a run would, and counts.
 *
 * @param path the file, or the folder of files
 * @param tokens counts tokens; null where that is not known
 * @throws {SyntaxError} when the data cannot be read, naming file and line
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const letters = { input: (text: string) => text.length, target: (text: string) => text.length };
 * const { tasks } = await surveyData("experiments/own_data.csv", letters);
 * const { examples, inputs, longestInput } = tasks.find(({ name }) => name === "shout")!;
 * assert.deepEqual([tasks.length, examples, inputs, longestInput], [6, 60, 60, 7]);
 * ```
 */
export async function surveyData(path: string, tokens: TokenCounts | null): Promise<DataSurvey> {
  const records = await openRecords(path);
  const tasks = new Map<string, Counted>();
  const others = new Set<string>();
  const named = new Set<Part>();
  const lengths = { inputs: [] as number[], targets: [] as number[] };
  let firstEmpty = null as string | null;
  await records.forEach((record) => {
    const { task: name, input, targets: [target], split = null } = checkRecord(record);
    for (const key of Object.keys(record.fields)) {
      if (!(RECORD_KEYS as readonly string[]).includes(key)) others.add(key);
    }
    if (split !== null) named.add(split);
    let task = tasks.get(name);
    if (task === undefined) tasks.set(name, task = new Counted());
    task.examples++;
    task.see(textHash(input), split);
    if (target === "") {
      task.emptyTargets++;
      firstEmpty ??= record.place;
    }
    if (tokens === null) return;
    const [ofInput, ofTarget] = [tokens.input(input), tokens.target(target!)];
    lengths.inputs.push(ofInput);
    lengths.targets.push(ofTarget);
    task.longestInput = Math.max(task.longestInput, ofInput);
    task.longestTarget = Math.max(task.longestTarget, ofTarget);
  });
  return {
    kind: records.kind,
    tasks: [...tasks].sort(([a], [b]) => a < b ? -1 : 1).map(([name, task]) => task.survey(name)),
    parts: PARTS.filter((part) => named.has(part)),
    others: [...others],
    firstEmpty,
    lengths: tokens === null ? null : lengths,
  };
}

/** Counts of a task while its file is gone through. */
class Counted {
  examples = 0;
  emptyTargets = 0;
  longestInput = 0;
  longestTarget = 0;
  /** The part of each different input, by a hash of it. */
  readonly #parts = new Map<number, Part | null>();
  readonly #leaks = new Set<number>();

  see(input: number, part: Part | null): void {
    const before = this.#parts.get(input);
    if (before !== undefined && before !== part) this.#leaks.add(input);
    this.#parts.set(input, fairest(before ?? null, part));
  }

  survey(name: string): TaskSurvey {
    const parts = [...this.#parts.values()];
    const countOf = (part: Part) => parts.filter((found) => found === part).length;
    return {
      name,
      examples: this.examples,
      inputs: parts.length,
      perPart: {
        train: countOf("train"),
        validation: countOf("validation"),
        test: countOf("test"),
      },
      leaks: this.#leaks.size,
      emptyTargets: this.emptyTargets,
      longestInput: this.longestInput,
      longestTarget: this.longestTarget,
    };
  }
}
