import { printable } from "../../util/printable.ts";

/** Characters of a log that are kept. */
const KEPT = 4000;

/** What processes print on every machine of some kind, and what never ended one. */
const NOISE = [
  /XDG_RUNTIME_DIR/, // Vulkan, on every machine without a desktop
  /^(MESA|lavapipe|libEGL|libGL|dri)\b/i,
  /\[Loader Message\]/,
];

/** How the last words of a process look, those that tell most first. */
const CAUSES = [
  // Of a thread inside the process the reason stands before "Unhandled error in child worker".
  /^error: Uncaught (?!.*Unhandled error in child worker)(?:\(in [^)]*\) )?(.+)$/,
  /^(?:# ?)?(Fatal (?:JavaScript|process|error).+)$/,
  /^(memory allocation of \d+ bytes failed.*)$/,
  /^(thread .* panicked at .+)$/,
];

/**
 * What a worker printed as errors. The end of it is kept, without colours and without what every machine
 * of some kind prints; and the line that tells best why the process ended, however long ago it was.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const log = new WorkerLog();
 * log.add("error: XDG_RUNTIME_DIR is invalid or not set in the environment.");
 * log.add("error: Uncaught (in promise) RangeError: Invalid array length");
 * assert.equal(log.cause, "RangeError: Invalid array length");
 * assert.equal(log.tail, "error: Uncaught (in promise) RangeError: Invalid array length\n");
 * ```
 */
export class WorkerLog {
  #tail = "";
  #cause: string | null = null;
  #rank = Infinity;
  #panicked = false;

  /** The end of what was printed. */
  get tail(): string {
    return this.#tail;
  }

  /** Why the process ended, in a line; null when nothing it printed says so. */
  get cause(): string | null {
    return this.#cause;
  }

  /** Takes a line. */
  add(line: string): void {
    // deno-lint-ignore no-control-regex -- Deno colours its errors
    const text = printable(line.replace(/\x1b\[[\d;]*m/g, ""));
    const said = text.replace(/^error: /, "");
    if (NOISE.some((noise) => noise.test(said))) return;
    this.#tail = `${this.#tail}${text}\n`.slice(-KEPT);
    if (this.#panicked) this.#cause = `${this.#cause} ${text}`; // a panic says why in its second line
    this.#panicked = false;
    const rank = CAUSES.findIndex((cause) => cause.test(text));
    if (rank >= 0 && rank <= this.#rank) {
      [this.#rank, this.#cause] = [rank, CAUSES[rank]!.exec(text)![1]!];
      this.#panicked = /^thread .* panicked at .*:$/.test(text);
    } else if (text !== said && this.#rank === Infinity) {
      this.#cause = said; // an error of Deno itself, such as of a module that is not there
    }
  }
}
