import assert from "node:assert/strict";
import { join } from "node:path";
import { openSafetensors, writeSafetensors } from "../files/safetensors.ts";
import { readRouting, type RunRouting, writeRouting } from "./file.ts";
import { withFolder } from "../testing/with_folder.ts";

const ROUTING: RunRouting = {
  tasks: ["t00 sort", "t01 swap", "t02 trim + sort"],
  // Their order is not that of their names.
  routers: ["z", "a.b", "m"].map((name, layer) => ({
    name,
    nSkills: 2,
    nSplits: 2,
    moduleLogits: [0, 1, 2].map((task) => [0, 0.5, -1.25, 3].map((z) => z + layer - task)),
  })),
  truth: null,
};

Deno.test("readRouting() gives back tasks, layers in their order and every logit", () =>
  withFolder(async (dir) => {
    await writeRouting(dir, ROUTING);
    assert.deepEqual(await readRouting(dir), ROUTING);
    using file = await openSafetensors(join(dir, "routing.safetensors"));
    assert.deepEqual(file.names, [
      "a.b.poly_router.module_logits",
      "m.poly_router.module_logits",
      "z.poly_router.module_logits",
    ]);
  }));

Deno.test("writeRouting() writes the same bytes again", () =>
  withFolder(async (dir) => {
    const path = join(dir, "routing.safetensors");
    await writeRouting(dir, ROUTING);
    const first = await Deno.readFile(path);
    await writeRouting(dir, ROUTING);
    assert.deepEqual(await Deno.readFile(path), first);
  }));

Deno.test("readRouting() refuses a damaged file by name, and says what to do", () =>
  withFolder(async (dir) => {
    const path = join(dir, "routing.safetensors");
    const tensor = { shape: [1, 2], data: new Float32Array(2) };
    const router = [{ name: "q", nSkills: 2, nSplits: 1 }];
    const good = { tasks: '["a"]', truth: "null", routers: JSON.stringify(router) };
    const damages: [Uint8Array, RegExp][] = [
      [new Uint8Array(3), /damaged/],
      [writeSafetensors([]), /damaged/],
      [writeSafetensors([["q.poly_router.module_logits", tensor]]), /JSON/],
      [writeSafetensors([], good), /none of that name/],
      [
        writeSafetensors([["q.poly_router.module_logits", tensor]], {
          ...good,
          tasks: '["a","b"]',
        }),
        /q has shape \[1,2\], not \[2,2\]/,
      ],
      [
        writeSafetensors([["q.poly_router.module_logits", tensor]], { ...good, truth: "1" }),
        /expected array/,
      ],
    ];
    for (const [bytes, message] of damages) {
      await Deno.writeFile(path, bytes);
      await assert.rejects(readRouting(dir), (error) => {
        assert.ok(error instanceof SyntaxError);
        assert.match(error.message, message);
        assert.match(
          error.message,
          /routing\.safetensors as it is damaged.*remove the run's folder/s,
        );
        return true;
      });
    }
  }));

Deno.test("R17 readRouting() refuses a file whose parts do not fit each other", () =>
  withFolder(async (dir) => {
    const router = { name: "q", nSkills: 2, nSplits: 1, moduleLogits: [[0.5, -1], [2, 0]] };
    const whole = { tasks: ["sort", "swap"], routers: [router], truth: [[[1, 0], [0, 1]]] };
    const nan = { ...router, moduleLogits: [[NaN, 0], [0, 0]] };
    const parts: Partial<RunRouting>[] = [
      { truth: [[[1, 0]]] },
      { truth: [[[1, 0], [0]]] },
      { truth: [[[], []]] },
      { routers: [] },
      { routers: [nan] },
      { tasks: [] },
    ];
    for (const part of parts) {
      await writeRouting(dir, { ...whole, ...part });
      await assert.rejects(readRouting(dir), {
        name: "SyntaxError",
        message: /routing\.safetensors as it is damaged: /,
      }, JSON.stringify(part));
    }
  }));
