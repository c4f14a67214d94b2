import assert from "node:assert/strict";
import { withFolder } from "../testing/with_folder.ts";
import { agreeOnWays, keepWays } from "./ways.ts";

Deno.test("agreeOnWays() lets all elements with one BLAS and as many threads go the first one's ways", async () => {
  await withFolder(async (dir) => {
    const found = (blas: string | null, matmul: string, threads = 1) => ({ blas, matmul, threads });
    const same = await Promise.all(
      ["wasm", "blas"].map((matmul) => agreeOnWays(dir, found("A", matmul))),
    );
    assert.equal(same[0], same[1]);
    assert.equal(await agreeOnWays(dir, found("A", "other", 2)), "other");
    assert.equal(await agreeOnWays(dir, found("B", "blas")), "blas");
    assert.equal(await agreeOnWays(dir, found(null, "wasm")), "wasm");
  });
});

Deno.test("keepWays() makes elements go on as the runs before them", async () => {
  await withFolder(async (dir) => {
    await keepWays(dir, [{}, { blas: null, matmul: "wasm" }, { blas: "A", matmul: "blas" }]);
    await keepWays(dir, [{ blas: "A", matmul: "wasm", threads: 1 }]);
    assert.equal(await agreeOnWays(dir, { blas: "A", matmul: "wasm", threads: 1 }), "blas");
  });
});
