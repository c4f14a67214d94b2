import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { barProgress, lineProgress, type ProgressOptions } from "./progress.ts";
import type { RunResult } from "../run/result.ts";
import { parseRunConfig } from "../run/config.ts";

const OPTIONS: ProgressOptions = {
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

Deno.test("lineProgress() writes a line per run, counting those done before", () => {
  const lines: string[] = [];
  const progress = lineProgress((line) => lines.push(line), OPTIONS);
  progress.working("seed=0--01234567", 0.5, 1);
  progress.ended(resultOf("seed=0--01234567"));
  progress.ended(resultOf("seed=1--01234567", "diverged"));
  progress.ended(resultOf("seed=2--01234567", "failed"));
  progress.stop();
  assert.deepEqual(lines, [
    "[5/10] seed=0 heldout_exact_match=0.500 61.0s",
    "[6/10] seed=1 diverged 61.0s",
    "[7/10] seed=2 failed: Error: why (see runs/seed=2--01234567/error.txt)",
  ]);
});

Deno.test("lineProgress() writes only failures when quiet", () => {
  const lines: string[] = [];
  const progress = lineProgress((line) => lines.push(line), OPTIONS, true);
  progress.ended(resultOf("seed=0--01234567"));
  progress.ended(resultOf("seed=1--01234567", "failed"));
  assert.equal(lines.length, 1);
  assert.match(lines[0]!, /^\[6\/10\] seed=1 failed/);
});

/** A terminal that remembers what was written; what a line showed last is after its last return. */
function terminal() {
  const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 100 });
  let written = "";
  stream.on("data", (text) => written += text);
  return { stream, written: () => written };
}

Deno.test("barProgress() shows runs, rate, time left and the mean loss of runs at work", async () => {
  const { stream, written } = terminal();
  let now = 0;
  const progress = await barProgress(stream, OPTIONS, () => now);
  now = 4000;
  progress.working("a", 0.5, 1);
  progress.working("b", 0.5, 3);
  progress.working("c", 0, NaN);
  progress.ended(resultOf("a"));
  progress.stop();
  // One run and a half in four seconds, four and a half of ten to go; b alone has a loss.
  assert.ok(
    written().includes("[=============-----------] 5/10 runs | 0.4/s | 12s left | loss 3.000"),
    written(),
  );
});

Deno.test("barProgress() leaves failures above the bar, and the terminal as it was", async () => {
  const { stream, written } = terminal();
  const progress = await barProgress(stream, OPTIONS);
  progress.ended(resultOf("a--01234567", "failed"));
  progress.ended(resultOf("b--01234567"));
  progress.stop();
  assert.ok(written().includes("[5/10] a failed: Error: why (see runs/a--01234567/error.txt)\n"));
  assert.equal(written().split("\n").length, 2, "the bar itself leaves no line");
  const last = (text: string) => written().lastIndexOf(text);
  assert.ok(last("\x1b[?25h") > last("\x1b[?25l"), "the cursor is shown again");
  assert.ok(last("\x1b[?7h") > last("\x1b[?7l"), "long lines wrap again");
});
