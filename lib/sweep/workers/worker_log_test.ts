import assert from "node:assert/strict";
import { describeDeath } from "./death.ts";
import { WorkerLog } from "./worker_log.ts";

const XDG = "error: XDG_RUNTIME_DIR is invalid or not set in the environment.";

function logOf(...lines: string[]): WorkerLog {
  const log = new WorkerLog();
  for (const line of lines) log.add(line);
  return log;
}

Deno.test("R1 WorkerLog finds why a process ended, among noise and however long ago", () => {
  const at = "    at doRun (file:///x/run.ts:12:3)";
  const uncaught = "error: Uncaught (in promise) TypeError: x is not a function";
  for (
    const [lines, cause] of [
      [[XDG], null],
      [[XDG, uncaught, at], "TypeError: x is not a function"],
      [["\x1b[1m\x1b[31merror\x1b[0m: Uncaught Error: why", at, XDG], "Error: why"],
      [
        [XDG, 'error: Module not found "file:///nowhere.ts".'],
        'Module not found "file:///nowhere.ts".',
      ],
      [[uncaught, "error: something later"], "TypeError: x is not a function"],
      [["error: first", uncaught], "TypeError: x is not a function"],
      [
        [
          'error: Uncaught (in worker "") Error: in a thread',
          at,
          "error: Uncaught (in promise) Error: Unhandled error in child worker.",
        ],
        "Error: in a thread",
      ],
      [
        ["#", "# Fatal JavaScript out of memory: Reached heap limit", "#"],
        "Fatal JavaScript out of memory: Reached heap limit",
      ],
      [["memory allocation of 1234 bytes failed"], "memory allocation of 1234 bytes failed"],
      [
        ["thread 'main' (12) panicked at src/x.rs:1:2:", "index out of bounds", "note: run with"],
        "thread 'main' (12) panicked at src/x.rs:1:2: index out of bounds",
      ],
      [
        [uncaught, ...Array(200).fill("a long line after it, again and again")],
        "TypeError: x is not a function",
      ],
      [["WARNING: lavapipe is not a conformant vulkan implementation", "MESA: error: x"], null],
    ] as const
  ) assert.equal(logOf(...lines).cause, cause, lines.join("\n"));
  const { tail } = logOf(XDG, ...Array(1000).fill("\x1b[31mwords\x07"));
  assert.equal(tail.length, 4000);
  assert.match(tail, /words\uFFFD\n$/);
});

Deno.test("R1 describeDeath() says what memory says where a signal ended a worker", () => {
  const before = { total: 16e9, kills: 3 };
  const death = { code: 137, signal: "SIGKILL", held: 3.1e9, before, now: before, log: logOf(XDG) };
  const first = (more: Partial<typeof death>) =>
    describeDeath({ ...death, ...more }).split("\n")[0];
  const start = "The worker ended with SIGKILL in the middle of the run";
  const advice = "fewer --jobs leave more to each";
  assert.equal(
    first({}),
    `${start}, as systems end what takes too much memory: it held 3.1 GB of 16.0 GB when it last ` +
      `told; ${advice}`,
  );
  assert.equal(
    first({ now: { total: 16e9, kills: 4 } }),
    `${start}, as the system ran out of memory: it held 3.1 GB of 16.0 GB when it last told; ${advice}`,
  );
  assert.equal(
    first({ signal: "SIGSEGV" }),
    "The worker ended with SIGSEGV in the middle of the run: it held 3.1 GB of 16.0 GB when it last told",
  );
  assert.equal(
    describeDeath({ ...death, code: 3, signal: null, held: null }),
    "The worker ended with code 3 in the middle of the run\n",
  );
});
