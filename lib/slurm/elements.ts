/** How runs are put together into elements of job arrays. */

/** Runs, put together as jobs are to do them. */
export interface Elements<Run> {
  /** Elements that wait for nothing. */
  readonly first: readonly (readonly Run[])[];
  /** Elements of runs whose shared phase is made in one of `first`. */
  readonly then: readonly (readonly Run[])[];
}

/** How large an element may be, and what runs share. */
export interface ElementRules<Run> {
  /** What a run costs, in the unit of `capacity`. */
  readonly costOf: (run: Run) => number;
  /** What an element may cost in all; one run may cost more. */
  readonly capacity: number;
  /** What the runs that share a phase have in common. */
  readonly groupOf: (run: Run) => string;
  /** Whether the shared phase of a group is there already. */
  readonly isMade: (group: string) => boolean;
}

/**
 * Puts runs together into elements. Runs that share a phase stay together where they fit into one
 * element. Where they do not, the first of them goes ahead and makes the phase, and the others come after
 * it: so no element holds its processors while it waits for another.
 *
 * @param runs in the order of the plan, which is kept where it can be
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const rules = { costOf: () => 1, groupOf: (run: string) => run[0]!, isMade: () => false };
 * assert.deepEqual(elementsOf(["a1", "b1", "a2", "b2"], { ...rules, capacity: 3 }), {
 *   first: [["a1", "a2"], ["b1", "b2"]],
 *   then: [],
 * });
 * assert.deepEqual(elementsOf(["a1", "a2", "a3", "b1"], { ...rules, capacity: 2 }), {
 *   first: [["a1", "b1"]],
 *   then: [["a2", "a3"]],
 * });
 * ```
 */
export function elementsOf<Run>(
  runs: readonly Run[],
  { costOf, capacity, groupOf, isMade }: ElementRules<Run>,
): Elements<Run> {
  const [first, then] = [new Packed<Run>(capacity), new Packed<Run>(capacity)];
  const sum = (some: readonly Run[]) => some.reduce((total, run) => total + costOf(run), 0);
  for (const [group, members] of Map.groupBy(runs, groupOf)) {
    const cost = sum(members);
    if (cost <= capacity) first.add(members, cost);
    else if (isMade(group)) members.forEach((run) => first.add([run], costOf(run)));
    else {
      const [leader, ...others] = members as [Run, ...Run[]];
      first.add([leader], costOf(leader));
      others.forEach((run) => then.add([run], costOf(run)));
    }
  }
  return { first: first.elements, then: then.elements };
}

/** Elements that are filled one after the other. */
class Packed<Run> {
  readonly elements: Run[][] = [];
  #cost = 0;

  constructor(readonly capacity: number) {}

  add(runs: readonly Run[], cost: number): void {
    const last = this.elements.at(-1);
    if (last !== undefined && this.#cost + cost <= this.capacity) {
      last.push(...runs);
      this.#cost += cost;
    } else {
      this.elements.push([...runs]);
      this.#cost = cost;
    }
  }
}
