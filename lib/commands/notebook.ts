/** A notebook as its file has it, as far as it is looked at here. */
export interface Notebook {
  readonly cells: readonly NotebookCell[];
}

/** One cell. */
export interface NotebookCell {
  readonly cell_type: string;
  /** The text, or its lines. */
  readonly source: string | readonly string[];
  /** Outputs of a code cell when it was executed. */
  readonly outputs?: readonly NotebookOutput[];
  readonly execution_count?: number | null;
}

/** Something that a cell showed. */
export interface NotebookOutput {
  readonly output_type: string;
  /** The stream that was written to, `stdout` or `stderr`; absent where it was none. */
  readonly name?: string;
  /** The same thing in several forms, by media type. */
  readonly data?: Readonly<Record<string, unknown>>;
}

/**
 * The program of a notebook: its code cells one after the other, as a module.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const cells = [
 *   { cell_type: "markdown", source: "# Title" },
 *   { cell_type: "code", source: ["const a = 1;\n", "const b = 2"] },
 *   { cell_type: "code", source: "[a, b]" },
 * ];
 * assert.equal(notebookCode({ cells }), "const a = 1;\nconst b = 2\n;\n[a, b]\n;\nexport {};\n");
 * ```
 */
export function notebookCode(notebook: Notebook): string {
  return codeCells(notebook).map((cell) => `${sourceOf(cell)}\n;\n`).join("") + "export {};\n";
}

/**
 * What is wrong with the outputs of a notebook: a cell that was not executed, failed, wrote to standard
 * error or relies on its last value, and a call of `show()` without its output.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const cell = { cell_type: "code", source: "await show(table);", execution_count: 1 };
 * const shown = { output_type: "display_data", data: { "text/plain": "| a |" } };
 * assert.deepEqual(outputFaults({ cells: [{ ...cell, outputs: [shown] }] }), []);
 * assert.deepEqual(outputFaults({ cells: [{ ...cell, outputs: [] }] }), [
 *   "code cell 1 calls show() 1 times and has 0 outputs",
 * ]);
 * ```
 */
export function outputFaults(notebook: Notebook): string[] {
  return codeCells(notebook).flatMap((cell, i) => {
    const place = `code cell ${i + 1}`;
    const outputs = cell.outputs ?? [];
    const faults: string[] = [];
    if (typeof cell.execution_count !== "number") faults.push(`${place} was not executed`);
    if (outputs.some((output) => output.output_type === "error")) faults.push(`${place} failed`);
    if (outputs.some((output) => output.name === "stderr")) {
      faults.push(`${place} wrote to standard error`);
    }
    if (outputs.some((output) => output.output_type === "execute_result")) {
      faults.push(`${place} ends in a value, which may arrive too late: show() it`);
    }
    const calls = sourceOf(cell).match(/\bshow\(/g)?.length ?? 0;
    const shown = outputs.filter(isShown).length;
    if (shown < calls) faults.push(`${place} calls show() ${calls} times and has ${shown} outputs`);
    return faults;
  });
}

function codeCells({ cells }: Notebook): NotebookCell[] {
  return cells.filter((cell) => cell.cell_type === "code" && sourceOf(cell).trim() !== "");
}

function sourceOf({ source }: NotebookCell): string {
  return typeof source === "string" ? source : source.join("");
}

function isShown({ output_type, data = {} }: NotebookOutput): boolean {
  const values = Object.values(data);
  return output_type === "display_data" && values.length > 0 &&
    values.every((value) => value !== "" && !(Array.isArray(value) && value.join("") === ""));
}
