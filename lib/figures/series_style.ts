import type { SymbolType } from "./figure.ts";

/** Style of a series: a colour, and a symbol and a dash that distinguish it without colour. */
export interface SeriesStyle {
  readonly color: string;
  readonly symbol: SymbolType;
  /** Dash array of the line; "none" is a solid line. */
  readonly dash: string;
}

/**
 * Styles in the order of their use. The colours are those of Okabe and Ito without yellow, which is
 * too faint on white.
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

/** Grey for missing values, and for lines that only help to read. */
export const MISSING_COLOR = "#555";
