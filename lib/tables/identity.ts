/**
 * What the runs of a study were computed from and on: where that differs, tables and figures tell the runs
 * apart, and no mean or difference mixes them.
 */
import type { RunConfig } from "../run/config.ts";
import { cellTexts } from "../run/id.ts";
import { shortHash } from "../run/inputs.ts";
import { isFinal, type RunResult } from "../run/result.ts";
import type { Cell, Row } from "./table.ts";

/** Something that a run's numbers depend on beside its settings. */
interface Fact {
  /** The column of tables in which it differs. */
  readonly column: string;
  /** What it is called in a sentence. */
  readonly name: string;
  /** Where the provenance of a result has it. */
  readonly key: string;
  /** Settings and other facts that decide it: only among runs with the same of these does it count. */
  readonly given: readonly (keyof RunConfig | "backend_used")[];
}

const FACTS: readonly Fact[] = [
  {
    column: "data_hash",
    name: "data",
    key: "data_sha256",
    given: ["suite", "data_dir", "data_file", "split"],
  },
  {
    column: "base_model_hash",
    name: "base model",
    key: "base_model_sha256",
    given: ["suite", "base_model", "base_model_revision"],
  },
  { column: "code_hash", name: "code", key: "code_sha256", given: [] },
  { column: "lock_hash", name: "deno.lock", key: "deno_lock_sha256", given: [] },
  { column: "backend_used", name: "backend", key: "backend", given: ["backend"] },
  ...["blas", "matmul", "openblas_coretype"].map((key): Fact => ({
    column: key,
    name: key,
    key,
    given: ["backend", "backend_used"],
  })),
  { column: "threads", name: "threads", key: "threads", given: ["backend_used"] },
];

/** In what the runs of a study differ beside their settings. */
export interface StudyIdentity {
  /** For each result the columns in which runs differ; empty rows where they do not. */
  readonly rows: readonly Row[];
  /** What a reader must know of it, as sentences. */
  readonly notes: readonly string[];
}

/** What a run that does not name a fact has in the fact's column. */
const UNKNOWN = "unknown";

/**
 * Compares what results name of their data, base model, code and machine.
 *
 * Runs whose known values differ are told apart. A result that does not name a fact, as those of earlier
 * versions, is told apart as `unknown` where the others differ; where all others agree, it counts as one
 * of them, and a sentence says so. A run without a result goes with its cell.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseRunConfig } from "../run/config.ts";
 *
 * const results = ["a1", "b2"].map((code_sha256, seed) => ({
 *   id: `${seed}`, config: parseRunConfig({ seed }), status: "done" as const, metrics: {}, tasks: [],
 *   provenance: { code_sha256 },
 * }));
 * const { rows, notes } = identityOf(results);
 * assert.deepEqual(rows, [{ code_hash: "a1" }, { code_hash: "b2" }]);
 * assert.match(notes[0]!, /^Runs differ in their code: 1 run has a1, 1 run has b2\./);
 * assert.deepEqual(identityOf(results.slice(1)), { rows: [{}], notes: [] });
 * ```
 */
export function identityOf(results: readonly RunResult[]): StudyIdentity {
  const rows: Record<string, Cell>[] = results.map(() => ({}));
  const notes: string[] = [];
  const silent = new Map<number, string[]>(); // names of facts by how many runs do not say them
  const cells = cellTexts(results);
  for (const { column, name, key, given } of FACTS) {
    const found = results.map((result) => isFinal(result) ? valueOf(result.provenance[key]) : null);
    const scopes = Map.groupBy(
      results.keys().filter((i) => found[i] !== null),
      (i) => scopeOf(results[i]!, given),
    ).values().map((runs) => ({
      runs,
      known: new Set(runs.map((i) => found[i]!).filter((value) => value !== UNKNOWN)),
    })).toArray();
    if (scopes.some(({ known }) => known.size > 1)) {
      const ofCells = valuesOfCells(cells, found);
      for (const [i, row] of rows.entries()) {
        row[column] = found[i] ?? ofCells.get(cells[i]!) ?? null;
      }
      notes.push(difference(name, column, found));
      continue;
    }
    const unnamed = scopes.filter(({ known }) => known.size === 1)
      .flatMap(({ runs }) => runs.filter((i) => found[i] === UNKNOWN)).length;
    if (unnamed > 0) silent.set(unnamed, [...silent.get(unnamed) ?? [], name]);
  }
  const ended = results.filter(isFinal).length;
  for (const [count, names] of silent) {
    notes.push(
      `${count} of ${ended} runs ${count === 1 ? "does" : "do"} not say ${
        names.join(", ")
      }, as earlier ` +
        `versions did not: they count as if they had the same as the others.`,
    );
  }
  return { rows, notes };
}

/** What runs share that are to have the same of a fact. */
function scopeOf({ config, provenance }: RunResult, given: Fact["given"]): string {
  return JSON.stringify(
    given.map((key) => key === "backend_used" ? provenance.backend ?? null : config[key]),
  );
}

/** A value of a provenance as a cell: the start of a hash, or a word. */
function valueOf(value: unknown): string {
  if (value === undefined) return UNKNOWN;
  const text = value === null ? "none" : String(value);
  return /^[0-9a-f]{64}$/.test(text) ? shortHash(text) : text;
}

/** The value of each cell whose runs agree. */
function valuesOfCells(
  cells: readonly string[],
  found: readonly (string | null)[],
): Map<string, string> {
  const values = new Map<string, Set<string>>();
  for (const [i, cell] of cells.entries()) {
    const value = found[i]!;
    if (value !== null) values.set(cell, (values.get(cell) ?? new Set()).add(value));
  }
  return new Map(
    [...values].filter(([, { size }]) => size === 1).map(([cell, [value]]) => [cell, value!]),
  );
}

function difference(name: string, column: string, found: readonly (string | null)[]): string {
  const counts = Map.groupBy(found.filter((value) => value !== null), (value) => value);
  const parts = [...counts].map(([value, { length }]) =>
    `${length} ${length === 1 ? "run has" : "runs have"} ${value}`
  );
  return `Runs differ in their ${name}: ${
    parts.join(", ")
  }. The column ${column} tells them apart, and ` +
    `no mean and no difference mixes them.`;
}
