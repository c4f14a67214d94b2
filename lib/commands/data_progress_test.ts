import assert from "node:assert/strict";
import { fakeTerminal } from "../testing/fakes/fake_terminal.ts";
import { dataBar, dataLines } from "./data_progress.ts";

const all = { files: 1000, bytes: 2_000_000_000 };

Deno.test("dataBar() draws one bar for all files, and the rate of what came in this call", async () => {
  let drawn = "";
  const terminal = fakeTerminal();
  terminal.on("data", (text) => drawn += text);
  let now = 0;
  const bar = await dataBar(terminal, () => now);
  bar.stop(); // nothing to leave yet
  bar.show({ ...all, done: 500, received: 1_000_000_000 });
  assert.match(drawn, /\[=+-+\] 50% \| 500\/1,000 files \| 1\.0 GB of 2\.0 GB/);
  now = 10_000;
  drawn = "";
  bar.show({ ...all, done: 600, received: 1_200_000_000 });
  bar.stop();
  assert.match(drawn, /60% \| 600\/1,000 files \| 1\.2 GB of 2\.0 GB \| 20\.0 MB\/s \| 40s left/);
});

Deno.test("dataLines() writes a line at each tenth, and at the end", () => {
  const lines: string[] = [];
  const progress = dataLines((line) => lines.push(line));
  for (let i = 0; i <= 1000; i++) progress.show({ ...all, done: i, received: i * 2_000_000 });
  progress.show({ ...all, done: 1000, received: all.bytes });
  progress.stop();
  assert.equal(lines.length, 10);
  assert.equal(lines[0], "100 of 1,000 files, 200.0 MB of 2.0 GB");
  assert.equal(lines[9], "1,000 of 1,000 files, 2.0 GB of 2.0 GB");
});
