import { escaped } from "../../files/escaped.ts";
import { forEachLine, readLines, type TextLine } from "../../files/text_lines.ts";
import { parseTaskObject, TaskFileError } from "../task_file.ts";
import type { Records, TaskRecord } from "./record.ts";

/**
 * The examples of a file of JSON lines. Empty lines are passed over.
 *
 * What is held of the file is a place per line, so it can be larger than memory.
 *
 * @throws {SyntaxError} from its methods, when a line is no JSON object, naming file and line
 */
export function jsonLines(path: string): Records {
  const places: number[] = []; // of each line its number, where it begins and where it ends
  return {
    kind: "JSON lines",
    async forEach(take) {
      places.length = 0;
      await forEachLine(path, (line) => {
        if (line.text.trim() === "") return;
        const record = recordOf(line, path);
        places.push(line.number, line.begin, line.end);
        take(record, places.length / 3 - 1);
      });
    },
    async again(indices) {
      const lines = indices.map((index) => {
        const [number, begin, end] = places.slice(3 * index, 3 * index + 3);
        return { number: number!, begin: begin!, end: end! };
      });
      return (await readLines(path, lines)).map((line) => recordOf(line, path));
    },
  };
}

function recordOf({ text, number }: TextLine, path: string): TaskRecord {
  const place = `${path}:${number}`;
  if (!/^\s*\{/.test(text)) throw notAnObject(text, place);
  return { fields: parseTaskObject(text, place), place };
}

/** What to do about a line that is no JSON object, by what its file seems to be. */
function notAnObject(text: string, place: string): TaskFileError {
  const start = text.trimStart();
  const ending = text.includes("\t") ? "tsv" : /^[^{"]*[,;]/.test(start) ? "csv" : null;
  const [found, remedy] = ending === null ? ["got", ""] : [
    `it looks like ${ending.toUpperCase()},`,
    `; let the file's name end in .${ending} if it is that`,
  ];
  return new TaskFileError(
    `Cannot read ${place} as every line must be a JSON object {"task": …, "input": …, "target": …}: ` +
      `${found} ${escaped(start, 60)}${remedy}`,
  );
}
