/**
 * Moves positions on a line apart until neighbours are at least `gap` apart, as little as needed
 * and without changing their order. Equal positions stay in the given order.
 *
 * @param low smallest position allowed
 * @param high largest position; exceeded when there is not enough room
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(spreadPositions([50, 51, 90], 10, 0, 100), [45.5, 55.5, 90]);
 * assert.deepEqual(spreadPositions([2, 1], 10, 0, 100), [10, 0]);
 * ```
 */
export function spreadPositions(
  positions: readonly number[],
  gap: number,
  low: number,
  high: number,
): number[] {
  // Blocks of neighbours that touch: each lies around the mean of the positions that its members
  // want.
  const blocks: { members: number[]; first: number }[] = [];
  const order = [...positions.keys()].sort((a, b) => positions[a]! - positions[b]! || a - b);
  const place = (members: number[]) => {
    const wanted = members.map((member, i) => positions[member]! - i * gap);
    const first = wanted.reduce((sum, value) => sum + value, 0) / members.length;
    return Math.max(low, Math.min(first, high - (members.length - 1) * gap));
  };
  for (const member of order) {
    let block = { members: [member], first: place([member]) };
    for (let last = blocks.at(-1); last !== undefined; last = blocks.at(-1)) {
      if (last.first + last.members.length * gap <= block.first) break;
      blocks.pop();
      const members = [...last.members, ...block.members];
      block = { members, first: place(members) };
    }
    blocks.push(block);
  }
  const spread = new Array<number>(positions.length);
  for (const { members, first } of blocks) {
    for (const [i, member] of members.entries()) spread[member] = first + i * gap;
  }
  return spread;
}
