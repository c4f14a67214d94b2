/** A person's own examples, from one file or from the files of a folder, whatever their format. */
import { escaped } from "../../files/escaped.ts";
import { isFolder, namesIn, openFile } from "../../files/file_system.ts";
import { pathIn } from "../../files/path.ts";
import { HEAD_BYTES, refuseForeignFormat } from "../../files/strict_text.ts";
import { isPart, type Part, PARTS } from "../task.ts";
import { TaskFileError } from "../task_file.ts";
import { jsonArray } from "./json_array.ts";
import { jsonLines } from "./json_lines.ts";
import type { Records, TaskRecord } from "./record.ts";
import { taskTable } from "./table.ts";

/** How names of files end that are read, and how such a file is read; `null` is for its first letter to say. */
const ENDINGS: Readonly<Record<string, "lines" | "table" | null>> = {
  jsonl: "lines",
  ndjson: "lines",
  json: null,
  csv: "table",
  tsv: "table",
  tab: "table",
};

/** Files that stand beside data and hold none. */
const NO_DATA = /^\.|^(readme|licen[cs]e|provenance)\b/i;

/** A file of examples, and what its place in a folder says about them. */
interface Source {
  /** Its path below the folder; empty where it was named itself. */
  readonly name: string;
  readonly path: string;
  /** What an example has that does not say it itself. */
  readonly task?: string;
  readonly split?: Part;
}

/**
 * The examples of a file, or of all files in a folder.
 *
 * A file holds JSON lines, one JSON list of objects, or a table (CSV, TSV), as its name and its first letter
 * say. In a folder, `train`, `validation` and `test` are the parts of tasks, each a file such as `train.csv`
 * or a folder of files; where there are none, all files are read. An example of a file that is not named
 * after a part has the file's name as its task, unless it says another.
 *
 * @throws {SyntaxError} when there is no such file, a folder holds what is not read, or nothing
 */
export async function openRecords(path: string): Promise<Records> {
  const sources = await sourcesOf(path);
  const files = await Promise.all(sources.map(({ path }) => openFileOf(path)));
  if (sources.length === 1 && sources[0]!.name === "") return files[0]!;
  return joined(files, sources);
}

/**
 * The files that {@linkcode openRecords} reads.
 *
 * @returns paths by the names that tell the files apart, in a fixed order; one file has no name, as it is
 * what it holds
 * @throws as {@linkcode openRecords}
 */
export async function recordFiles(path: string): Promise<Map<string, string>> {
  return new Map((await sourcesOf(path)).map(({ name, path }) => [name, path]));
}

async function sourcesOf(path: string): Promise<Source[]> {
  if (!await isFolder(path)) return [{ name: "", path }];
  const entries = await dataIn(path);
  const parts = entries.filter((name) => isPart(stemOf(name)));
  const others = entries.filter((name) => !parts.includes(name));
  if (parts.length > 0 && others.length > 0) {
    throw new TaskFileError(
      `Cannot read tasks from "${path}" as it has ${escaped(parts.join(", "))} and beside them ` +
        `${escaped(others.join(", "))}: let the names of all begin with ${
          PARTS.join(", ")
        }, or of none`,
    );
  }
  const rankOf = (name: string) => (PARTS as readonly string[]).indexOf(stemOf(name));
  const sources: Source[] = [];
  for (const name of entries.toSorted((a, b) => rankOf(a) - rankOf(b))) {
    const within = pathIn(path, name);
    const split = isPart(stemOf(name)) ? { split: stemOf(name) as Part } : {};
    if (!await isFolder(within)) {
      refuseOtherEnding(within);
      const task = isPart(stemOf(name)) ? {} : { task: stemOf(name) };
      sources.push({ name, path: within, ...task, ...split });
      continue;
    }
    if (!isPart(name)) {
      throw new TaskFileError(
        `Cannot read tasks from "${path}" as its folders must be ${PARTS.join(", ")}: there is ` +
          escaped(name),
      );
    }
    for (const file of await dataIn(within)) {
      const below = pathIn(within, file);
      refuseOtherEnding(below);
      sources.push({ name: `${name}/${file}`, path: below, task: stemOf(file), ...split });
    }
  }
  if (sources.length > 0) return sources;
  throw new TaskFileError(
    `Cannot read tasks from "${path}" as it has no file named ${
      Object.keys(ENDINGS).map((ending) => `*.${ending}`).join(", ")
    }`,
  );
}

async function dataIn(dir: string): Promise<string[]> {
  return (await namesIn(dir)).filter((name) => !NO_DATA.test(name)).sort();
}

function refuseOtherEnding(path: string): void {
  if (endingOf(path) in ENDINGS) return;
  throw new TaskFileError(
    `Cannot read tasks from ${escaped(path)} as the files of a folder must be named ${
      Object.keys(ENDINGS).map((ending) => `*.${ending}`).join(", ")
    }: move it elsewhere`,
  );
}

/** Opens a file as what its name and its first letter say. */
async function openFileOf(path: string): Promise<Records> {
  const first = await firstLetter(path);
  if (first === "[") return jsonArray(path);
  const kind = ENDINGS[endingOf(path)] ?? (first === "{" || first === "" ? "lines" : null);
  if (kind === "lines") return jsonLines(path);
  if (kind === "table" || !path.endsWith(".json")) return taskTable(path);
  throw new TaskFileError(
    `Cannot read ${path} as JSON begins with { or [: got ${escaped(first)}; a list of objects ` +
      `{"task": …, "input": …, "target": …} is wanted, or a line for each`,
  );
}

/** The first letter of a text that is no blank; empty where there is none. */
async function firstLetter(path: string): Promise<string> {
  const file = await openFile(path);
  if (file === null) {
    throw new TaskFileError(`Cannot read "${path}" as it must be a file or a folder, and no pipe`);
  }
  try {
    const head = file.read(0, Math.min(file.size, HEAD_BYTES));
    refuseForeignFormat(head, path);
    // Whether it is UTF-8 is for its reader to say, who knows the line.
    return new TextDecoder().decode(head).replace(/^[\ufeff\s]+/, "").slice(0, 1);
  } finally {
    file[Symbol.dispose]();
  }
}

/** The examples of several files, one after the other. */
function joined(files: readonly Records[], sources: readonly Source[]): Records {
  const starts: number[] = []; // the number of the first example of each file
  const complete = ({ fields, place }: TaskRecord, { task, split }: Source): TaskRecord => {
    if (split !== undefined && fields.split !== undefined && fields.split !== split) {
      throw new TaskFileError(
        `Cannot read ${place} as its split ${
          escaped(JSON.stringify(fields.split))
        } is another than ` +
          `that of its file, ${split}: leave one of them out`,
      );
    }
    const own = { ...(task === undefined ? {} : { task }), ...fields };
    return { place, fields: split === undefined ? own : { ...own, split } };
  };
  return {
    kind: `${files.length} files`,
    async forEach(take) {
      let count = 0;
      for (const [i, file] of files.entries()) {
        const start = starts[i] = count;
        await file.forEach((record, index) => {
          count = start + index + 1;
          take(complete(record, sources[i]!), start + index);
        });
      }
    },
    async again(indices) {
      const found: TaskRecord[] = new Array(indices.length);
      const fileOf = (index: number) => starts.findLastIndex((start) => start <= index);
      for (const [i, at] of Map.groupBy(indices.keys(), (k) => fileOf(indices[k]!))) {
        const records = await files[i]!.again(at.map((k) => indices[k]! - starts[i]!));
        records.forEach((record, j) => found[at[j]!] = complete(record, sources[i]!));
      }
      return found;
    },
  };
}

function endingOf(path: string): string {
  return /\.([^./\\]+)$/.exec(path)?.[1]?.toLowerCase() ?? "";
}

function stemOf(name: string): string {
  return name.replace(/\.[^.]+$/, "");
}
