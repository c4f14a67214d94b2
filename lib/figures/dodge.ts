/** Moves points of equal value beside each other, so that none hides another. */
import type { RenderFunction } from "./figure.ts";

/** Settings of {@linkcode dodge}. */
export interface DodgeOptions {
  /** The axis along which points are moved. */
  readonly along: "x" | "y";
  /** Radius of a point with its rim, in pixels. */
  readonly radius: number;
  /** The most pixels that a point is moved. */
  readonly most: number;
  /** Whether points are moved to both sides, or to the right alone. */
  readonly bothSides?: boolean;
}

/**
 * A render option of Plot's dots: points of one place that would touch are moved along the other axis, as
 * little as needed.
 */
export function dodge(options: DodgeOptions): RenderFunction {
  const across = options.along === "x" ? "y" : "x";
  return (index, scales, values, dimensions, context, next) => {
    const channels = values as unknown as Record<string, ArrayLike<number>>;
    const moved = Float64Array.from(channels[options.along]!);
    const of = Map.groupBy(index, (i) => channels[options.along]![i]!);
    for (const [place, members] of of) {
      const offsets = dodgeOffsets(members.map((i) => channels[across]![i]!), options);
      members.forEach((i, k) => moved[i] = place + offsets[k]!);
    }
    return next!(
      index,
      scales,
      { ...values, [options.along]: moved } as never,
      dimensions,
      context,
    );
  };
}

/**
 * How far each of the points at these positions is moved aside, so that circles of the radius do not touch.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const options = { along: "x", radius: 2, most: 100 } as const;
 * assert.deepEqual(dodgeOffsets([10, 50, 10], options), [0, 0, 4]);
 * assert.deepEqual(dodgeOffsets([10, 10, 10], { ...options, bothSides: true }), [0, 4, -4]);
 * ```
 */
export function dodgeOffsets(
  positions: readonly number[],
  { radius, most, bothSides = false }: DodgeOptions,
): number[] {
  const placed: { position: number; offset: number }[] = [];
  return positions.map((position) => {
    const near = placed.filter((other) => Math.abs(other.position - position) < 2 * radius);
    // A free place is 0, or where the point just touches one that is there already.
    const touching = near.flatMap((other) => {
      const away = Math.sqrt(4 * radius ** 2 - (other.position - position) ** 2);
      return [other.offset + away, other.offset - away];
    });
    const isFree = (offset: number) =>
      near.every((other) =>
        (other.position - position) ** 2 + (other.offset - offset) ** 2 >= 4 * radius ** 2 - 1e-6
      );
    const offset = [0, ...touching]
      .filter((offset) => (bothSides || offset >= 0) && Math.abs(offset) <= most && isFree(offset))
      .sort((a, b) => Math.abs(a) - Math.abs(b) || b - a)[0] ?? most;
    placed.push({ position, offset });
    return offset;
  });
}
