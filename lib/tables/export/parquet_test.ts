import assert from "node:assert/strict";
import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { toParquet } from "./parquet.ts";
import { openStudy } from "../study.ts";
import { rowsOf, tableOf } from "../table.ts";

Deno.test("toParquet() keeps every value and its type, and what is missing", async () => {
  const rows = [
    { name: "é, “x”", seed: 0, loss: 1, is_best: true, mixed: 1, nothing: null },
    { name: null, seed: 2 ** 40, loss: 0.1 + 0.2, is_best: null, mixed: "auto", nothing: null },
    { name: "", seed: null, loss: null, is_best: false, mixed: true, nothing: null },
    { name: "-1", seed: -3, loss: -1e-300, is_best: false, mixed: null, nothing: null },
  ];
  const { buffer } = await toParquet(tableOf(rows), ["seed"]);
  const types = parquetMetadata(buffer).schema.slice(1)
    .map(({ name, type, converted_type }) => [name, type, converted_type]);
  assert.deepEqual(types, [
    ["name", "BYTE_ARRAY", "UTF8"],
    ["seed", "INT64", undefined],
    ["loss", "DOUBLE", undefined],
    ["is_best", "BOOLEAN", undefined],
    ["mixed", "BYTE_ARRAY", "UTF8"],
    ["nothing", "BYTE_ARRAY", "UTF8"],
  ]);
  assert.deepEqual(
    await parquetReadObjects({ file: buffer }),
    rows.map(({ seed, mixed, ...row }) => ({
      ...row,
      seed: seed === null ? null : BigInt(seed),
      mixed: mixed === null ? null : String(mixed),
    })),
  );
});

Deno.test("toParquet() keeps the runs of a whole study", async () => {
  const { runs } = await openStudy("baselines");
  const { buffer } = await toParquet(runs);
  assert.deepEqual(await parquetReadObjects({ file: buffer }), rowsOf(runs));
});
