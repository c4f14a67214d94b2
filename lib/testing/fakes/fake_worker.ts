/** A worker that does what the `data_file` of its run says, instead of training. */
import { readLines, type WorkerEvent, type WorkerTask } from "../../sweep/workers/message.ts";

const say = (event: WorkerEvent) =>
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(event) + "\n"));

const print = (text: string) => Deno.stderr.writeSync(new TextEncoder().encode(text));

for await (const line of readLines(Deno.stdin.readable)) {
  const { run: { id, config } } = JSON.parse(line) as WorkerTask;
  say({ kind: "progress", id, done: 0.5, loss: config.seed });
  switch (config.data_file) {
    case "die":
      print("out of memory, say\n");
      Deno.kill(Deno.pid, "SIGKILL");
      await new Promise(() => {});
      break;
    case "throw":
      print("\x1b[31merror\x1b[0m: XDG_RUNTIME_DIR is invalid or not set in the environment.\n");
      throw new RangeError("Cannot create a string longer than 0x1fffffe8 characters");
    case "heap": {
      print("error: XDG_RUNTIME_DIR is invalid or not set in the environment.\n");
      const kept: unknown[] = [];
      for (;;) kept.push(Array(1000).fill(kept.length));
    }
    case "hang":
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      break;
    case "print":
      Deno.stdout.writeSync(new TextEncoder().encode('a word\n{"kind":1}\nnull\n'));
      say({ kind: "finished", id, status: "done" });
      break;
    case "tear":
      Deno.stdout.writeSync(new TextEncoder().encode('{"kind":"finished","id":"'));
      Deno.kill(Deno.pid, "SIGKILL");
      await new Promise(() => {});
      break;
    case "pid":
      say({ kind: "progress", id, done: 1, loss: Deno.pid });
      say({ kind: "finished", id, status: "done" });
      break;
    case "pid, fail":
      say({ kind: "progress", id, done: 1, loss: Deno.pid });
      say({ kind: "failed", id, error: "as asked" });
      break;
    case "environment":
      say({
        kind: "failed",
        id,
        error: ["OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "POLY_MATMUL"]
          .map((name) => `${name}=${Deno.env.get(name)}`).join(" "),
      });
      break;
    case "fail":
      say({ kind: "failed", id, error: "as asked" });
      break;
    default:
      say({ kind: "finished", id, status: "done" });
  }
}
