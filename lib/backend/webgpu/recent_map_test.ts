import assert from "node:assert/strict";
import { RecentMap } from "./recent_map.ts";

Deno.test("RecentMap keeps the entries used last, at most twice its limit, and tells what it forgets", () => {
  const forgotten: number[] = [];
  const map = new RecentMap<string, number>(3, (value) => forgotten.push(value));
  for (let i = 0; i < 100; i++) {
    map.set(`${i}`, i);
    assert.ok(map.size <= 6);
    for (let j = Math.max(0, i - 2); j <= i; j++) assert.equal(map.get(`${j}`), j);
  }
  assert.equal(map.get("50"), undefined);
  assert.equal(new Set(forgotten).size, forgotten.length, "one was forgotten twice");
  assert.equal(forgotten.length + map.size, 100);
});

Deno.test("RecentMap keeps what is asked for again and again", () => {
  const map = new RecentMap<string, number>(2);
  map.set("often", -1);
  for (let i = 0; i < 20; i++) {
    map.set(`${i}`, i);
    assert.equal(map.get("often"), -1);
  }
});

Deno.test("RecentMap deletes by value in both halves", () => {
  const map = new RecentMap<string, number>(2);
  for (const value of [1, 2, 3, 4]) map.set(`${value}`, value);
  map.deleteWhere((value) => value % 2 === 0);
  assert.deepEqual(["1", "2", "3", "4"].map((key) => map.get(key)), [1, undefined, 3, undefined]);
});
