import type { SymbolType } from "./figure.ts";

/** How one series is told from another: by colour, and without it by symbol and dash. */
export interface SeriesStyle {
  readonly color: string;
  readonly symbol: SymbolType;
  /** A dash array; "none" is a full line. */
  readonly dash: string;
}

/**
 * Styles in the order they are given out. The colours are those of Okabe and Ito without yellow, which
 * is too faint on white.
 *
 * Source: M. Okabe and K. Ito, "Color universal design", 2008
 */
export const SERIES_STYLES: readonly SeriesStyle[] = [
  { color: "#000000", symbol: "circle", dash: "none" },
  { color: "#D55E00", symbol: "square", dash: "7 3" },
  { color: "#0072B2", symbol: "triangle", dash: "2 3" },
  { color: "#009E73", symbol: "diamond", dash: "9 3 2 3" },
  { color: "#CC79A7", symbol: "star", dash: "12 4" },
];

/** Grey for what is missing, and for lines that only help to read. */
export const GAP_COLOR = "#555";
