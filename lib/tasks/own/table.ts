/** Examples of a table: a line for the names of its columns, and a line for each example. */
import { escaped } from "../../files/escaped.ts";
import { parseTaskJson, TaskFileError } from "../task_file.ts";
import { heldRecords, readWhole } from "./held_records.ts";
import { isOfExample, type Records, type TaskRecord } from "./record.ts";

/** What may stand between the columns of a table, and how errors call such a table. */
const SEPARATORS = [
  [",", "CSV"],
  [";", "CSV with semicolons"],
  ["\t", "TSV"],
  ["|", "CSV with bars"],
] as const;

/**
 * The examples of a table whose columns are separated by commas, semicolons, tabs or bars: whatever finds
 * the columns `task`, `input` and `target` in its first line. A text may be in double quotes, and then
 * hold separators and line breaks, and a double quote written twice. Empty lines are passed over.
 *
 * A cell of `choices` is a JSON list of strings; an empty one, and one of `split`, counts as absent.
 *
 * @throws {SyntaxError} from its methods, when it is no such table, naming file and line
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const path = await Deno.makeTempFile({ suffix: ".csv" });
 * await Deno.writeTextFile(path, 'task,input,target\nquote,"a ""b"",\nc",d\n');
 * const fields: unknown[] = [];
 * await taskTable(path).forEach((record) => fields.push(record.fields));
 * assert.deepEqual(fields, [{ task: "quote", input: 'a "b",\nc', target: "d" }]);
 * await Deno.remove(path);
 * ```
 */
export function taskTable(path: string): Records {
  return heldRecords("a table", async () => recordsOf(await readWhole(path), path));
}

/** Line breaks of every system, of which one file may have several. */
const BREAKS = ["\r\n", "\n", "\r"];

async function recordsOf(text: string, path: string): Promise<TaskRecord[]> {
  const { parse, CsvError } = await import("csv-parse/sync");
  const rowsOf = (delimiter: string, to = -1) => {
    const options = { delimiter, to, record_delimiter: BREAKS, skip_empty_lines: true } as const;
    return parse(text, { ...options, relax_column_count: to === 1, info: true }) as unknown as {
      record: string[];
      info: { lines: number };
    }[];
  };
  try {
    const [delimiter, kind, names] = SEPARATORS.map(([delimiter, kind]) => {
      const names = firstOf(() => rowsOf(delimiter, 1)).map((name) => name.trim());
      return [delimiter, kind, names] as const;
    }).reduce((a, b) => fitOf(b[2]) > fitOf(a[2]) ? b : a);
    const refuse = (line: number, why: string) => {
      throw new TaskFileError(`Cannot read ${path}:${line} as ${why}`);
    };
    if (names.length > 0 && !names.some(isOfExample)) {
      const given = escaped(JSON.stringify(names), 80);
      refuse(1, `the first line must name the columns task, input and target: got ${given}`);
    }
    const twice = names.find((name, i) => names.indexOf(name) < i);
    if (twice !== undefined) {
      refuse(1, `two columns of this ${kind} are called ${escaped(JSON.stringify(twice))}`);
    }
    const [, ...rows] = rowsOf(delimiter);
    return rows.map(({ record, info }) => {
      // The parser tells where a row ends.
      const breaks = record.reduce((sum, cell) => sum + cell.split(/\r\n|\n|\r/).length - 1, 0);
      const place = `${path}:${info.lines - breaks}`;
      return { fields: fieldsOf(names, record, place), place };
    });
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new TaskFileError(`Cannot read ${path}:${error.lines} as ${faultOf(error)}`);
  }
}

/** The first row; none where it cannot be read with this separator. */
function firstOf(rows: () => readonly { readonly record: string[] }[]): string[] {
  try {
    return rows()[0]?.record ?? [];
  } catch {
    return [];
  }
}

/** How well the names of columns fit: by those that are wanted first, and then by their number. */
function fitOf(names: readonly string[]): number {
  return names.filter(isOfExample).length + names.length / 1e6;
}

function fieldsOf(
  names: readonly string[],
  row: readonly string[],
  place: string,
): Record<string, unknown> {
  const fields: Record<string, unknown> = {};
  names.forEach((name, i) => {
    const cell = row[i]!;
    const mayLack = name === "choices" || name === "split";
    if (mayLack && cell.trim() === "") return;
    fields[name] = name === "choices"
      ? parseTaskJson(cell, `${place}: choices`, 'a JSON list such as ["yes", "no"]')
      : name === "split"
      ? cell.trim()
      : cell;
  });
  return fields;
}

/** What is wrong with a table, in words. */
function faultOf({ code, message }: { readonly code: string; readonly message: string }): string {
  const quoted =
    "a text with separators, line breaks or double quotes stands in double quotes, and " +
    "those within it are written twice";
  switch (code) {
    case "CSV_RECORD_INCONSISTENT_FIELDS_LENGTH": {
      const [, names, cells] = /expect (\d+), got (\d+)/.exec(message) ?? [];
      return `the first line names ${names} columns and this one has ${cells}: ${quoted}`;
    }
    case "CSV_QUOTE_NOT_CLOSED":
      return `a double quote opens here and is not closed: ${quoted}`;
    case "INVALID_OPENING_QUOTE":
    case "CSV_INVALID_CLOSING_QUOTE":
      return `a double quote stands in the middle of a text: ${quoted}`;
    default:
      return escaped(message);
  }
}
