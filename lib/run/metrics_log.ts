import { isJsonObject } from "../files/json_object.ts";

/** One line of a run's log of metrics. */
export type MetricsRow = Readonly<Record<string, number | string | null>>;

/**
 * Appends rows to a file of JSON lines. Opening starts the file anew: a run that was interrupted
 * begins again from its seed and writes the same rows.
 */
export class MetricsLog {
  readonly #file: Deno.FsFile;
  readonly #path: string;

  private constructor(file: Deno.FsFile, path: string) {
    this.#file = file;
    this.#path = path;
  }

  /** Opens `path` empty. */
  static async open(path: string): Promise<MetricsLog> {
    return new MetricsLog(
      await Deno.open(path, { write: true, create: true, truncate: true }),
      path,
    );
  }

  /**
   * Appends a row as one write.
   * @throws {RangeError} when a number is NaN or infinite: JSON would turn it into null unseen
   */
  append(row: MetricsRow): void {
    for (const [key, value] of Object.entries(row)) {
      if (typeof value === "number" && !Number.isFinite(value)) {
        throw new RangeError(
          `Cannot append to ${this.#path} as metrics must be finite: ${key} is ${value}`,
        );
      }
    }
    this.#file.writeSync(new TextEncoder().encode(JSON.stringify(row) + "\n"));
  }

  /**
   * Flushes everything to disk and closes the file.
   * @throws {Error} when the file is no longer at its path: nobody would find what was written
   */
  async close(): Promise<void> {
    using file = this.#file;
    await file.sync();
    const [written, found] = [await file.stat(), await Deno.stat(this.#path).catch(() => null)];
    if (written.ino === found?.ino && written.dev === found.dev) return;
    throw new Error(
      `Cannot finish ${this.#path} as it was removed or replaced while the run was at work; ` +
        `leave the run's folder alone and run it again`,
    );
  }
}

/**
 * Rows of a file of JSON lines. A last line without a line break was torn by a kill and is left out.
 *
 * @throws {SyntaxError} when a whole line is no JSON object of numbers and texts, naming file and line
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(parseMetrics('{"step":1}\n{"step":2}\n{"ste', "metrics.jsonl"), [
 *   { step: 1 }, { step: 2 },
 * ]);
 * ```
 */
export function parseMetrics(text: string, path: string): MetricsRow[] {
  return text.split("\n").slice(0, -1).map((line, i) => {
    try {
      const row = JSON.parse(line) as unknown;
      if (isJsonObject(row) && Object.values(row).every(isCell)) return row as MetricsRow;
    } catch {
      // Reported below, as is a line of another kind.
    }
    throw new SyntaxError(
      `Cannot read ${path}:${i + 1} as it must be a JSON object of numbers and strings; ` +
        `remove the run's folder to run it again`,
    );
  });
}

function isCell(value: unknown): boolean {
  return value === null || typeof value === "string" || Number.isFinite(value); // 1e999 is none
}
