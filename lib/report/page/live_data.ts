/** How far a sweep is, as its live page is told. */

/** A run at work. */
export interface RunningRun {
  readonly id: string;
  readonly label: string;
  /** Steps of multi-task training that are done, and all of them. */
  readonly step: number;
  readonly steps: number;
  /** Losses of those steps, thinned; the last one is the latest. */
  readonly losses: readonly number[];
}

/** The runs of one cell, by what became of them. */
export interface CellProgress {
  readonly label: string;
  readonly done: number;
  readonly failed: number;
  readonly running: number;
  readonly all: number;
}

/** How far a sweep is. */
export interface LiveProgress {
  readonly cells: readonly CellProgress[];
  readonly running: readonly RunningRun[];
  /** Failed runs with their causes. */
  readonly failed: readonly { readonly id: string; readonly label: string; readonly why: string }[];
  readonly done: number;
  readonly all: number;
  /** Whether a process on this machine is at work on the sweep, and can be steered. */
  readonly isSteered: boolean;
}
