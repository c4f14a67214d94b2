export type { Markish, RenderFunction, ScaleOptions, SymbolType } from "@observablehq/plot";

/** The drawing library, passed to figures when they are drawn; making a figure does not load it. */
export type Plot = typeof import("@observablehq/plot");

/** Options of one plot: marks, scales and sizes. */
export type PlotOptions = NonNullable<Parameters<Plot["plot"]>[0]>;

/** A picture of a table, before it is drawn. */
export interface Figure {
  /** Stem of the names of its files. */
  readonly name: string;
  /** Title, in a line above the plot. */
  readonly title: string;
  /** Meaning of points, bands and lines, and the number of seeds behind them. */
  readonly subtitle: string;
  /** Notes below the plot: what is missing from it, with counts, and other remarks. */
  readonly notes: readonly string[];
  /** Description in words, for readers who cannot see it. */
  readonly alt: string;
  /** Returns the options of the plot; without a place to draw for, those of a file of usual width. */
  readonly draw: (plot: Plot, place?: DrawPlace) => PlotOptions;
}

/** Where a figure is drawn. */
export interface DrawPlace {
  /** Width of the figure in pixels. */
  readonly width: number;
  /** Whether points link to their runs in the page around the figure. */
  readonly hasLinks: boolean;
}

/** Where a figure is drawn that says nothing else: in a file of its own. */
export const FILE_PLACE: DrawPlace = { width: 720, hasLinks: false };
