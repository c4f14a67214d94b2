import type { PageTable } from "../table.ts";
import type { View } from "../view.ts";

/** A question of the page, and how its answer is drawn. */
export interface Section {
  /** Its address inside the page. */
  readonly id: string;
  /** Its name in the index. */
  readonly short: string;
  readonly question: string;
  /** What of the reader's choice it shows: where all else is chosen anew, it stays as it is. */
  readonly follows: readonly (keyof View)[];
  /** Draws the answer; figures and tables of many runs take long, so a section out of sight waits. */
  readonly draw: () => Drawn;
}

/** The answer to a question. */
export interface Drawn {
  /** HTML below the question. */
  readonly html: string;
  /** The tables in it. */
  readonly tables: readonly PageTable[];
}

/** An answer without tables. */
export function withoutTables(html: string): Drawn {
  return { html, tables: [] };
}
