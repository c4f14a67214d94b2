import assert from "node:assert/strict";
import fc from "fast-check";
import { minimalTargets } from "./minimal_targets.ts";
import { resolveTargets } from "./target_modules.ts";

const layers = (part: string, count: number, names: string) =>
  Array.from({ length: count }, (_, i) => [...names].map((n) => `${part}.${i}.${n}`)).flat();

// Targets, other modules, and what _find_minimal_target_modules of PEFT 0.21 makes of them.
const BY_PEFT: [string[], string[], string[]][] = [
  [["h.0.q", "h.1.q", "h.0.attn.o"], ["h.0.mlp.o"], ["attn.o", "q"]],
  [["a.b.c", "b.c", "x.c"], ["y.c"], ["b.c", "x.c"]],
  [["a.q", "b.q", "q"], ["c.v", "h"], ["q"]],
  [["m.0.k", "m.1.k", "n.0.k"], ["o.0.k", "m.2.k"], ["1.k", "m.0.k", "n.0.k"]],
  [["z", "y.z"], ["z.y"], ["z"]],
  [
    layers("decoder", 3, "qv"),
    layers("encoder", 2, "kqv"),
    ["2.q", "2.v", "decoder.0.q", "decoder.0.v", "decoder.1.q", "decoder.1.v"],
  ],
];

Deno.test("minimalTargets() finds the suffixes PEFT finds", () => {
  for (const [targets, others, expected] of BY_PEFT) {
    assert.deepEqual([...minimalTargets(targets, others)].sort(), expected);
  }
});

Deno.test("minimalTargets() does not depend on the order of its input", () => {
  for (const [targets, others] of BY_PEFT) {
    const turned = minimalTargets(targets.toReversed(), others.toReversed());
    assert.deepEqual(turned, minimalTargets(targets, others));
  }
});

Deno.test("minimalTargets() matches all targets and nothing else", () => {
  const name = fc.array(fc.constantFrom("a", "b", "q", "0", "1"), { minLength: 1, maxLength: 4 })
    .map((parts) => parts.join("."));
  fc.assert(fc.property(fc.uniqueArray(name, { minLength: 2 }), fc.nat(), (names, cut) => {
    const targets = names.slice(0, 1 + cut % (names.length - 1));
    const matches = (entries: Iterable<string>, name: string) =>
      [...entries].some((entry) => name === entry || name.endsWith(`.${entry}`));
    const others = names.filter((name) => !matches(targets, name)); // as PEFT calls it
    const minimal = minimalTargets(targets, others);
    for (const target of targets) assert.ok(matches(minimal, target), target);
    for (const other of others) assert.ok(!matches(minimal, other), other);
  }));
});

Deno.test("minimalTargets() refuses an empty name", () => {
  assert.throws(() => minimalTargets(["a", ""], []), {
    name: "RangeError",
    message: "target_modules should not contain an empty string.",
  });
});

Deno.test("R16 resolveTargets() takes 100,000 names of targets in linear time", () => {
  const modules = Array.from({ length: 200 }, (_, i) => ({ name: `h.${i}.q`, kind: "Linear" }));
  const base = { identity: { modelType: "t5" }, modules, outputEmbedding: null };
  const names = Array.from({ length: 100_000 }, (_, i) => `${i}.absent${i}`);
  const target_modules = new Set(["q", ...names]);
  const none = { exclude_modules: null, modules_to_save: null, task_type: null };
  const begin = performance.now();
  const targets = resolveTargets(base, { target_modules, ...none });
  assert.equal(targets.modules.length, 200);
  assert.equal(targets.warnings.length, 100_000);
  assert.ok(performance.now() - begin < 8_000); // it took 40 s and more
});
