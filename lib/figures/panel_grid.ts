import type { Markish, Plot, PlotOptions } from "./figure.ts";

/** Panels of one plot, side by side and in rows. */
export interface PanelGrid {
  /** Sizes and scales of the panels. */
  readonly options: PlotOptions;
  /** Frames and titles of the panels. */
  readonly marks: readonly Markish[];
  /** Channels that put marks into panel `i`. */
  channels(i: number): { fx: () => number; fy: () => number };
}

/**
 * Lays out panels that share their scales, each below its title.
 *
 * @param titles titles of the panels, of one or more lines; a single empty title means one whole
 * plot
 */
export function panelGrid(
  Plot: Plot,
  titles: readonly string[],
  options: {
    readonly panelHeight: number;
    readonly columns?: number;
    /** Font size of the titles, in pixels. */
    readonly titleSize?: number;
  },
): PanelGrid {
  // Four panels make a square.
  const columns = Math.min(titles.length, options.columns ?? (titles.length === 4 ? 2 : 3));
  // Room for the titles, and above them for the name of the vertical axis.
  const lines = Math.max(...titles.map((title) => title.split("\n").length));
  const size = options.titleSize ?? 11;
  const top = titles.some((title) => title !== "") ? 44 + Math.ceil((lines - 1) * 1.1 * size) : 28;
  const rows = Math.ceil(titles.length / columns);
  const channels = (i: number) => ({ fx: () => i % columns, fy: () => Math.floor(i / columns) });
  return {
    channels,
    options: {
      fx: {
        axis: null,
        paddingInner: columns === 1 ? 0 : 0.1,
        paddingOuter: 0,
        domain: Array.from({ length: columns }, (_, i) => i),
      },
      fy: {
        axis: null,
        paddingInner: rows === 1 ? 0 : 0.24,
        paddingOuter: 0,
        domain: Array.from({ length: rows }, (_, i) => i),
      },
      height: options.panelHeight * rows + top + 42,
      marginLeft: 60,
      marginTop: top,
      marginBottom: 42,
      marginRight: 16,
    },
    marks: titles.flatMap((title, i) => [
      Plot.frame({ stroke: "#bbb", ...constant(channels(i)) }),
      Plot.text([title], {
        frameAnchor: "top-left",
        lineAnchor: "bottom",
        dy: -6,
        lineHeight: 1.1,
        fontSize: size,
        fontWeight: "bold",
        ...channels(i),
      }),
    ]),
  };
}

function constant({ fx, fy }: { fx: () => number; fy: () => number }) {
  return { fx: fx(), fy: fy() };
}
