import type { SplitWeights } from "./routing_by_hand.ts";

/** Width and height of a picture in its own units, which are pixels where it is shown in full. */
const SIZE = { width: 560, height: 200, left: 44, right: 10, top: 10, bottom: 24 };

/**
 * A curve of losses by step as SVG, from zero upwards.
 *
 * @param losses the loss before the first step and after each; at least one
 * @param steps how many steps there will be
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.match(lossCurve([2, 1], 1), /points="44,10 550,93"/);
 * ```
 */
export function lossCurve(losses: readonly number[], steps: number): string {
  const { width, height, left, right, top, bottom } = SIZE;
  const most = Math.max(...losses) || 1;
  const x = (step: number) => round(left + (width - left - right) * step / Math.max(1, steps));
  const y = (loss: number) => round(top + (height - top - bottom) * (1 - loss / most));
  const points = losses.map((loss, step) => `${x(step)},${y(loss)}`).join(" ");
  const label = `Loss by step: ${losses[0]!.toFixed(3)} at first, ${losses.at(-1)!.toFixed(3)} now`;
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label}">` +
    `<line class="axis" x1="${left}" x2="${width - right}" y1="${y(0)}" y2="${y(0)}"/>` +
    `<text x="${left - 8}" y="${y(0) + 4}" text-anchor="end">0</text>` +
    `<text x="${left - 8}" y="${y(most) + 4}" text-anchor="end">${most.toPrecision(2)}</text>` +
    `<text x="${left}" y="${height - 6}">step 0</text>` +
    `<text x="${width - right}" y="${height - 6}" text-anchor="end">${steps}</text>` +
    `<polyline class="curve" points="${points}"/></svg>`;
}

/**
 * The mixing weights of routers as SVG: a row for each router, a cell for each skill of each split.
 *
 * @param rows weights of each router with its name, all of the same numbers of splits and skills
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const svg = weightsPicture([{ name: "q", weights: [[0.25, 0.75]] }]);
 * assert.equal(svg.match(/class="cell"/g)!.length, 2);
 * assert.match(svg, /fill-opacity="0.75"/);
 * ```
 */
export function weightsPicture(
  rows: readonly { readonly name: string; readonly weights: SplitWeights }[],
): string {
  const [first] = rows;
  if (first === undefined) return "";
  const [splits, skills] = [first.weights.length, first.weights[0]!.length];
  const gap = 6;
  const cell = (SIZE.width - gap * (splits - 1)) / (splits * skills);
  const high = Math.min(9, Math.max(3, Math.round(320 / rows.length)));
  const drawn = rows.map(({ name, weights }, row) => {
    const cells = weights.flatMap((split, h) =>
      split.map((weight, s) => {
        const x = round((h * skills + s) * cell + h * gap);
        return `<rect class="cell" x="${x}" y="${row * high}" width="${round(cell - 1)}" ` +
          `height="${high - 1}" fill-opacity="${round(weight)}"/>`;
      })
    );
    return `<g><title>${name.replace(/[<&]/g, "")}</title>${cells.join("")}</g>`;
  });
  const frames = first.weights.map((_, h) =>
    `<rect class="frame" x="${round(h * (skills * cell + gap))}" y="-1" ` +
    `width="${round(skills * cell - 1)}" height="${rows.length * high + 1}"/>`
  );
  return `<svg viewBox="-1 -2 ${SIZE.width + 2} ${rows.length * high + 4}" role="img" ` +
    `aria-label="Mixing weights of ${rows.length} layers">${drawn.join("")}${
      frames.join("")
    }</svg>`;
}

function round(value: number): number {
  return Math.round(value * 1000) / 1000;
}
