import type { ComputeProgram } from "../dispatch.ts";

/** What an array on the device is made of. */
export type Element = "f32" | "i32";

/** A program that knows what its inputs are made of. */
export interface TypedProgram extends ComputeProgram {
  readonly reads: readonly Element[];
}

/** The parts of a program; see {@linkcode program}. */
interface Parts {
  /** The inputs, in order, with what they are made of. */
  readonly reads: Readonly<Record<string, Element>>;
  /** The outputs, in order; all of numbers. */
  readonly writes: readonly string[];
  /** Fields of `params` of type `u32`. */
  readonly integers?: readonly string[];
  /** Fields of `params` of type `f32`. */
  readonly floats?: readonly string[];
  /** Invocations of a workgroup; a multiple of 16. */
  readonly threads: number;
  /** Functions and variables of the workgroup. */
  readonly before?: string;
  /** The body, which knows `group` and `groups` (of the grid), and `lane` in [0, threads). */
  readonly body: string;
}

/**
 * A compute program: the declarations that go with its inputs, outputs and parameters, and its body.
 *
 * @param name tells it from all others; of programs made from a template it says which
 */
export function program(
  name: string,
  { reads, writes, integers = [], floats = [], threads, before = "", body }: Parts,
): TypedProgram {
  const inputs = Object.entries(reads);
  const fields = [
    ...integers.map((field) => `${field}: u32`),
    ...floats.map((field) => `${field}: f32`),
  ];
  const code = `
${fields.length === 0 ? "" : `struct Params { ${fields.join(", ")} }`}
${
    inputs.map(([input, element], i) =>
      `@group(0) @binding(${i}) var<storage, read> ${input}: array<${element}>;`
    ).join("\n")
  }
${
    writes.map((output, i) =>
      `@group(0) @binding(${inputs.length + i}) var<storage, read_write> ${output}: array<f32>;`
    ).join("\n")
  }
${
    fields.length === 0
      ? ""
      : `@group(0) @binding(${inputs.length + writes.length}) var<uniform> params: Params;`
  }
const THREADS = ${threads}u;
${before}
@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
${body}
}`;
  return { name, code, reads: inputs.map(([, element]) => element) };
}

/**
 * A program that computes each element on its own. Its body knows the element's number `i`, below
 * `params.size`, the first of the integers.
 */
export function elementwise(
  name: string,
  { integers = [], body, ...parts }: Omit<Parts, "threads">,
): TypedProgram {
  return program(name, {
    ...parts,
    integers: ["size", ...integers],
    threads: PER_GROUP,
    body: `
  let i = (group.y * groups.x + group.x) * THREADS + lane;
  if (i >= params.size) { return; }
${body}`,
  });
}

/** How many elements a workgroup of {@linkcode elementwise} computes. */
export const PER_GROUP = 64;

/**
 * WGSL of a function of `lane` and a value that combines those of all invocations of the workgroup,
 * always in the same order: first each sixteenth value, then what sixteen invocations have. (Halves of
 * halves would be as quick on a card, but need three times the barriers, which are what costs a
 * software driver its time.)
 *
 * @param name of the function
 * @param type of the values
 * @param operation WGSL of `a` and `b`
 */
export function combine(name: string, type: string, operation: string): string {
  return `
var<workgroup> ${name}Part: array<${type}, THREADS>;
fn ${name}(lane: u32, x: ${type}) -> ${type} {
  ${name}Part[lane] = x;
  workgroupBarrier();
  if (lane < 16u) {
    var a = x;
    for (var i = lane + 16u; i < THREADS; i += 16u) {
      let b = ${name}Part[i];
      a = ${operation};
    }
    ${name}Part[lane] = a;
  }
  workgroupBarrier();
  var a = ${name}Part[0];
  for (var i = 1u; i < 16u; i++) {
    let b = ${name}Part[i];
    a = ${operation};
  }
  workgroupBarrier();
  return a;
}`;
}
