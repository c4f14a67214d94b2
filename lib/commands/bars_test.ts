import assert from "node:assert/strict";
import { parseRunConfig } from "../run/config.ts";
import type { RunResult } from "../run/result.ts";
import { fakeTerminal } from "../testing/fakes/fake_terminal.ts";
import {
  dataBar,
  dataLines,
  downloadBar,
  downloadLines,
  sweepBar,
  sweepLines,
  type SweepShown,
} from "./bars.ts";

const OPTIONS: SweepShown = {
  total: 10,
  done: 4,
  metric: "heldout_exact_match",
  errorPath: ({ id }) => `runs/${id}/error.txt`,
};

function resultOf(id: string, status: RunResult["status"] = "done"): RunResult {
  return {
    id,
    config: parseRunConfig({}),
    status,
    metrics: status === "done" ? { heldout_exact_match: 0.5 } : {},
    tasks: [],
    provenance: status === "failed" ? {} : { seconds: 61 },
    ...(status === "failed" ? { error: "Error: why\n    at x.ts\n" } : {}),
  };
}

Deno.test("sweepLines() writes a line per run, counting those done before", () => {
  const lines: string[] = [];
  const progress = sweepLines((line) => lines.push(line), OPTIONS);
  progress.working("seed=0--01234567", 0.5, 1);
  progress.ended(resultOf("seed=0--01234567"));
  progress.ended(resultOf("seed=1--01234567", "diverged"));
  progress.again(resultOf("seed=2--01234567", "failed"));
  progress.ended(resultOf("seed=2--01234567", "failed"));
  progress.ended(resultOf("seed=3--01234567", "stalled"));
  progress.stop();
  assert.deepEqual(lines, [
    "[5/10] seed=0 heldout_exact_match=0.500 61.0s",
    "[6/10] seed=1 diverged 61.0s",
    "seed=2 failed and is tried again: Error: why",
    "[7/10] seed=2 failed: Error: why (see runs/seed=2--01234567/error.txt)",
    "[8/10] seed=3 stalled 61.0s",
  ]);
});

Deno.test("sweepLines() writes only failures when quiet", () => {
  const lines: string[] = [];
  const progress = sweepLines((line) => lines.push(line), OPTIONS, true);
  progress.ended(resultOf("seed=0--01234567"));
  progress.ended(resultOf("seed=1--01234567", "failed"));
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^\[6\/10\] seed=1 failed/);
});

/** A terminal that remembers what was written; what a line showed last is after its last return. */
function terminal() {
  const stream = fakeTerminal();
  let written = "";
  stream.on("data", (text) => written += text);
  return { stream, written: () => written };
}

Deno.test("sweepBar() shows runs, rate, time left and the mean loss of runs at work", async () => {
  const { stream, written } = terminal();
  let now = 0;
  const progress = await sweepBar(stream, OPTIONS, () => now);
  now = 4000;
  progress.working("a", 0.5, 1);
  progress.working("b", 0.5, 3);
  progress.working("c", 0, NaN);
  progress.ended(resultOf("a"));
  progress.stop();
  assert.ok(written().includes("] 4/10 runs | 20s left | 15.0/min | mean loss 2.000"), written());
  // One run and a half in four seconds, four and a half of ten to go; b alone has a loss.
  assert.ok(
    written().includes("[=============-----------] 5/10 runs | 12s left | 22.5/min | loss 3.000"),
    written(),
  );
});

Deno.test("newcomer C: sweepBar() tells no time from a part of a run, and fits a narrow terminal", async () => {
  const { stream, written } = terminal();
  let now = 0;
  const progress = await sweepBar(Object.assign(stream, { columns: 44 }), OPTIONS, () => now);
  now = 1000;
  progress.working("a", 0.5, 1);
  assert.ok(!written().includes("left"), written());
  now = 4000;
  progress.working("b", 0.75, 1);
  progress.stop();
  // deno-lint-ignore no-control-regex -- what a terminal obeys
  const shown = written().split(/\x1b\[[?\w]+|\r/).filter((text) => text.startsWith("["));
  assert.equal(shown.at(-1), "[=====----] 4/10 runs | 16s left | 18.8/min");
  for (const text of shown) assert.ok(text.length < 44, text);
});

Deno.test("newcomer C: sweepBar() leaves a line of each run above the bar, and the terminal as it was", async () => {
  const { stream, written } = terminal();
  const progress = await sweepBar(stream, OPTIONS);
  progress.ended(resultOf("a--01234567", "failed"));
  progress.ended(resultOf("b--01234567"));
  progress.stop();
  assert.ok(written().includes("[5/10] a failed: Error: why (see runs/a--01234567/error.txt)\n"));
  assert.ok(written().includes("[6/10] b heldout_exact_match=0.500 61.0s\n"));
  assert.equal(written().split("\n").length, 3, "the bar itself leaves no line");
  const last = (text: string) => written().lastIndexOf(text);
  assert.ok(last("\x1b[?25h") > last("\x1b[?25l"), "the cursor is shown again");
  assert.ok(last("\x1b[?7h") > last("\x1b[?7l"), "long lines wrap again");
});

Deno.test("R7 sweepLines() and sweepBar() tell a run of which nothing comes, when quiet too", async () => {
  const event = { kind: "silent", id: "seed=0--01234567", pid: 42, seconds: 600 } as const;
  const line =
    "No progress of seed=0 for 10:00: its process 42 is still there; kill 42 ends it, and the " +
    "run has then failed";
  const lines: string[] = [];
  sweepLines((line) => lines.push(line), OPTIONS, true).silent({ ...event, isStopped: false });
  assert.deepEqual(lines, [line]);
  const { stream, written } = terminal();
  const progress = await sweepBar(stream, OPTIONS);
  progress.silent({ ...event, isStopped: false });
  progress.stop();
  assert.ok(written().includes(`${line}\n`));
});

const DATA = { files: 1000, bytes: 2_000_000_000 };

Deno.test("dataBar() draws one bar for all files, and the rate of what came in this call", async () => {
  let drawn = "";
  const terminal = fakeTerminal();
  terminal.on("data", (text) => drawn += text);
  let now = 0;
  const bar = await dataBar(terminal, () => now);
  bar.stop(); // nothing to leave yet
  bar.show({ ...DATA, done: 500, received: 1_000_000_000 });
  assert.match(drawn, /\[=+-+\] 50% \| 500\/1,000 files \| 1\.0 GB of 2\.0 GB/);
  now = 10_000;
  drawn = "";
  bar.show({ ...DATA, done: 600, received: 1_200_000_000 });
  bar.stop();
  assert.match(drawn, /60% \| 600\/1,000 files \| 1\.2 GB of 2\.0 GB \| 20\.0 MB\/s \| 40s left/);
});

Deno.test("dataLines() writes a line at each tenth, and at the end", () => {
  const lines: string[] = [];
  const progress = dataLines((line) => lines.push(line));
  for (let i = 0; i <= 1000; i++) progress.show({ ...DATA, done: i, received: i * 2_000_000 });
  progress.show({ ...DATA, done: 1000, received: DATA.bytes });
  progress.stop();
  assert.equal(lines.length, 10);
  assert.equal(lines[0], "100 of 1,000 files, 200.0 MB of 2.0 GB");
  assert.equal(lines[9], "1,000 of 1,000 files, 2.0 GB of 2.0 GB");
});

Deno.test("downloadBar() draws a line per file and leaves it when done", async () => {
  let drawn = "";
  const terminal = fakeTerminal();
  terminal.on("data", (text) => drawn += text);
  const bar = await downloadBar(terminal);
  bar.stop(); // nothing to leave yet
  const files = { files: 2, total: 2_000_000 };
  bar.show({ ...files, file: "a.safetensors", fileIndex: 0, received: 500_000 });
  bar.show({ ...files, file: "a.safetensors", fileIndex: 0, received: 2_000_000 });
  bar.show({ ...files, file: "b.safetensors", fileIndex: 1, received: 1_000_000 });
  bar.stop();
  assert.match(drawn, /a\.safetensors \(1 of 2\) .* 100% of 2\.0 MB/);
  assert.match(drawn, /b\.safetensors \(2 of 2\) .* 50% of 2\.0 MB/);
  assert.equal(drawn.split("\n").length, 3);
});

Deno.test("downloadLines() writes a line per file", () => {
  const lines: string[] = [];
  const progress = downloadLines((line) => lines.push(line));
  for (const received of [0, 500_000, 2_000_000]) {
    progress.show({ file: "a", files: 2, fileIndex: 0, total: 2_000_000, received });
  }
  progress.show({ file: "b", files: 2, fileIndex: 1, total: null, received: 3 });
  progress.stop();
  assert.deepEqual(lines, ["Downloading a (1 of 2), 2.0 MB", "Downloading b (2 of 2), ?"]);
});
