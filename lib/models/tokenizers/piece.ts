import { type Span } from "./pattern.ts";

/**
 * A part of a text on its way to the model.
 *
 * `head` says how much of it, in UTF-16 units, stands for the first character of the whole text, which
 * is 0 everywhere but at the beginning. `Metaspace` asks for it.
 */
export interface Piece {
  readonly text: string;
  readonly head: number;
}

/** What becomes of what a pattern matches. */
export const BEHAVIORS = [
  "Removed",
  "Isolated",
  "MergedWithPrevious",
  "MergedWithNext",
  "Contiguous",
] as const;

/** One of {@linkcode BEHAVIORS}. */
export type Behavior = typeof BEHAVIORS[number];

/** A part of a piece, from one UTF-16 unit to before another. */
export function slice({ text, head }: Piece, start: number, end: number): Piece {
  return { text: text.slice(start, end), head: Math.max(0, Math.min(head, end) - start) };
}

/**
 * A piece cut into several. Empty ones are left out.
 *
 * @param cuts matched and unmatched stretches of the piece, as {@linkcode spans} gives them
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { spans } from "./pattern.ts";
 *
 * const piece = { text: "a--b", head: 1 };
 * const cuts = spans(piece.text, /-/gu);
 * const texts = (behavior: Behavior) => split(piece, cuts, behavior).map(({ text }) => text);
 * assert.deepEqual(texts("Isolated"), ["a", "-", "-", "b"]);
 * assert.deepEqual(texts("MergedWithNext"), ["a", "-", "-b"]);
 * ```
 */
export function split(piece: Piece, cuts: readonly Span[], behavior: Behavior): Piece[] {
  return merge(cuts, behavior).filter(({ start, end }) => start < end)
    .map(({ start, end }) => slice(piece, start, end));
}

function merge(cuts: readonly Span[], behavior: Behavior): readonly Span[] {
  switch (behavior) {
    case "Removed":
      return cuts.filter(({ matched }) => !matched);
    case "Isolated":
      return cuts;
    case "Contiguous":
      return join(cuts, (matched, before) => matched === before);
    case "MergedWithPrevious":
      return join(cuts, (matched, before) => matched && !before);
    case "MergedWithNext":
      return join(cuts.toReversed(), (matched, before) => matched && !before).reverse();
  }
}

/** Joins a span to the one before it where `joins` says so, given whether each was matched. */
function join(
  cuts: readonly Span[],
  joins: (matched: boolean, before: boolean) => boolean,
): Span[] {
  const joined: Span[] = [];
  let before = false;
  for (const cut of cuts) {
    const last = joined.at(-1);
    if (last !== undefined && joins(cut.matched, before)) {
      joined[joined.length - 1] = {
        start: Math.min(last.start, cut.start),
        end: Math.max(last.end, cut.end),
        matched: false,
      };
    } else {
      joined.push(cut);
    }
    before = cut.matched;
  }
  return joined;
}
