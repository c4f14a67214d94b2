import assert from "node:assert/strict";
import fc from "fast-check";
import {
  alwaysBy,
  chooseWays,
  formatChoice,
  type MatMulChoice,
  parseChoice,
  type ProductTimes,
} from "./matmul_choice.ts";

/** Times at which BLAS takes this many times as long for each kind of product. */
const ratios = (large: number, narrow: number, batched: number): ProductTimes => ({
  large: { blas: [large], wasm: [1] },
  narrow: { blas: [narrow], wasm: [1] },
  batched: { blas: [batched], wasm: [1] },
});

Deno.test("M8: chooseWays() takes the own kernel only where it is clearly faster", () => {
  const chosen = (times: ProductTimes) => formatChoice(chooseWays(times));
  assert.equal(chosen(ratios(0.3, 0.5, 0.4)), "blas", "a BLAS that knows its processor");
  assert.equal(chosen(ratios(1.2, 1.3, 1.3)), "wasm", "one that fell back");
  assert.equal(chosen(ratios(1, 1.05, 1.09)), "blas", "no clear difference");
  assert.equal(chosen(ratios(0.5, 1.5, 0.5)), "large=blas,narrow=wasm,batched=blas");
});

Deno.test("M8: chooseWays() is not misled by rounds that something else made longer", () => {
  const noise = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), {
    minLength: 7,
    maxLength: 7,
  });
  fc.assert(fc.property(noise, noise, fc.nat(7), fc.nat(7), (ofBlas, ofOwn, i, j) => {
    const among = (time: number, added: readonly number[], at: number) =>
      added.map((more) => time + more).toSpliced(at, 0, time);
    const times = (blas: number) => ({ blas: among(blas, ofBlas, i), wasm: among(1, ofOwn, j) });
    const all = { large: times(0.6), narrow: times(1.2), batched: times(1) };
    assert.deepEqual(chooseWays(all), { large: "blas", narrow: "wasm", batched: "blas" });
  }));
});

Deno.test("M8: parseChoice() reads what formatChoice() writes, and nothing else", () => {
  const ways = ["blas", "wasm"] as const;
  for (const large of ways) {
    for (const narrow of ways) {
      for (const batched of ways) {
        const choice: MatMulChoice = { large, narrow, batched };
        assert.deepEqual(parseChoice(formatChoice(choice)), choice);
      }
    }
  }
  assert.deepEqual(parseChoice("wasm"), alwaysBy("wasm"));
  for (
    const text of ["", "published", "cuda", "large=blas", "large=blas,narrow=blas,batched=cuda"]
  ) {
    assert.equal(parseChoice(text), null, text);
  }
});
