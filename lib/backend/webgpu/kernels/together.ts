/**
 * Programs that work on several tensors at once, as many as a shader may bind: each tensor in workgroups
 * of its own row of the grid.
 */

/** Items of one program, of which more would make it long and save little. */
const MOST = 64;

/** Numbers that a workgroup of 256 works on before the grid grows no further along x. */
const PER_GROUP = 1024;
const MOST_GROUPS = 256;

/**
 * Pieces of a list, as few as `buffers` allow with `each` of them for an item, and as equal in length as
 * can be: every length is a program of its own.
 */
export function pieces<Item>(items: readonly Item[], buffers: number, each: number): Item[][] {
  const most = Math.max(1, Math.min(MOST, Math.floor(buffers / each)));
  const length = Math.ceil(items.length / Math.ceil(items.length / most));
  return Array.from(
    { length: Math.ceil(items.length / length) },
    (_, i) => items.slice(i * length, (i + 1) * length),
  );
}

/** The names of a tensor of each of `count` items. */
export function numbered(name: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${name}${i}`);
}

/** Inputs of numbers, by their names. */
export function floats(names: readonly string[]): Record<string, "f32"> {
  return Object.fromEntries(names.map((name) => [name, "f32"]));
}

/** WGSL that does one of several things: that of the workgroup's row. */
export function byRow(count: number, work: (i: number) => string): string {
  return Array.from({ length: count }, (_, i) => `
  if (group.y == ${i}u) {${work(i)}
  }`).join("");
}

/** The grid for tensors of these sizes; a workgroup strides along those that are longer. */
export function gridFor(sizes: readonly number[]): [x: number, y: number] {
  const groups = Math.ceil(Math.max(...sizes) / PER_GROUP);
  return [Math.min(groups, MOST_GROUPS), sizes.length];
}
