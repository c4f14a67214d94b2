import type { PageTable } from "../table.ts";

/** A question of the page with its answer. */
export interface Section {
  /** Its address inside the page. */
  readonly id: string;
  /** Its name in the index. */
  readonly short: string;
  readonly question: string;
  /** HTML below the question. */
  readonly html: string;
  /** The tables in it. */
  readonly tables: readonly PageTable[];
}
