/** One example of a person's own file: what it must say, and what it says otherwise. */
import { escaped } from "../../files/escaped.ts";
import { refuseHalfPairs, stringsAt, TaskFileError } from "../task_file.ts";
import { isPart, type Part, PARTS } from "../task.ts";

/** One example as a file gives it, before it is checked. */
export interface TaskRecord {
  /** What stands there, by the name of its column or key. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Where it stands, as errors say it: `tasks.csv:3`. */
  readonly place: string;
}

/** The examples of a file or a folder, in a fixed order, which can be gone through more than once. */
export interface Records {
  /** What they are, for people: `JSON lines`, `CSV`. */
  readonly kind: string;
  /** Gives every example to `take`, with its number from 0. */
  forEach(take: (record: TaskRecord, index: number) => void): Promise<void>;
  /** The examples of some numbers again, once {@linkcode forEach} has gone through all. */
  again(indices: readonly number[]): Promise<TaskRecord[]>;
}

/** The keys that an example may have; others are passed over. */
export const RECORD_KEYS = ["task", "input", "target", "choices", "split"] as const;

/** An example of a person's own file, checked. */
export interface OwnExample {
  readonly task: string;
  readonly input: string;
  /** At least one. */
  readonly targets: readonly string[];
  /** The answers to choose from, where the file names them. */
  readonly choices?: readonly string[];
  /** The part of its task that the example belongs to, where the file names it. */
  readonly split?: Part;
}

/** What other programs call the keys. */
const OTHER_NAMES: Readonly<Record<string, readonly string[]>> = {
  task: ["task_name", "task_id", "category", "dataset", "name"],
  input: ["question", "prompt", "instruction", "text", "source", "context"],
  target: ["targets", "output", "answer", "completion", "response", "label", "summary"],
};

/** Whether a key or column is one of an example, by our name or by another. */
export function isOfExample(name: string): boolean {
  return (RECORD_KEYS as readonly string[]).includes(name) ||
    Object.values(OTHER_NAMES).flat().includes(name.toLowerCase());
}

/**
 * What a record says, checked.
 *
 * @throws {TaskFileError} naming the place, what is missing or wrong, and what to rename
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const record = (fields: Record<string, unknown>) => ({ fields, place: "x.jsonl:1" });
 * const fields = { task: "upper", input: "cat", target: "CAT" };
 * assert.deepEqual(checkRecord(record(fields)), { task: "upper", input: "cat", targets: ["CAT"] });
 * assert.throws(
 *   () => checkRecord(record({ task: "upper", question: "cat", target: "CAT" })),
 *   /x\.jsonl:1 .* there is no "input" among "task", "question", "target"; rename "question" to "input"/,
 * );
 * ```
 */
export function checkRecord({ fields, place }: TaskRecord): OwnExample {
  const { task, input, target, choices, split } = fields;
  const keys = Object.keys(fields);
  const absent = ["task", "input", "target"].filter((key) => !Object.hasOwn(fields, key));
  if (absent.length > 0) {
    const renamed = absent.flatMap((key) => {
      const other = keys.find((name) => OTHER_NAMES[key]!.includes(name.trim().toLowerCase()));
      return other === undefined ? [] : [`${JSON.stringify(other)} to "${key}"`];
    });
    const remedy = renamed.length === 0 ? "" : `; rename ${renamed.join(", ")}`;
    throw needs(
      place,
      `there is no "${absent[0]}" among ` +
        (keys.map((key) => JSON.stringify(key)).join(", ") || "(none)") + remedy,
    );
  }
  for (const [key, value] of [["task", task], ["input", input]]) {
    if (typeof value !== "string") throw needs(place, `"${key}" is ${JSON.stringify(value)}`);
  }
  refuseHalfPairs([task as string, input as string], place);
  const example = {
    task: task as string,
    input: input as string,
    targets: stringsAt(target, `${place}: target`),
    ...(split === undefined || split === null ? {} : { split: partAt(split, place) }),
  };
  if (choices === undefined || choices === null) return example;
  const among = stringsAt(choices, `${place}: choices`);
  const isChoice = new Set(among).size === among.length && among.length >= 2 &&
    example.targets.some((target) => among.includes(target));
  if (isChoice) return { ...example, choices: among };
  throw new TaskFileError(
    `Cannot read ${place}: choices as they must be two or more different strings with a target among ` +
      `them: got ${escaped(JSON.stringify(among))}`,
  );
}

function needs(place: string, found: string): TaskFileError {
  return new TaskFileError(
    `Cannot read ${place} as an example must have strings "task" and "input", and "target": ` +
      escaped(found),
  );
}

function partAt(split: unknown, place: string): Part {
  if (isPart(split)) return split;
  throw new TaskFileError(
    `Cannot read ${place}: split as it must be ${
      PARTS.join(", ")
    } for every example, or there must ` +
      `be no split at all: got ${escaped(JSON.stringify(split))}`,
  );
}
