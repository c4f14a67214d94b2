/**
 * A worker that follows the protocol of real ones but only pretends to train: its metrics are a
 * function of the config, and it takes a few ms. The config's `data_file` says what goes wrong.
 *
 * It appends a line to the file in FAKE_JOURNAL for every run that it starts, and `again` or `two`
 * when that run is done already, or is being done by another living process.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { MetricsLog } from "../../run/metrics_log.ts";
import { configHash } from "../../run/id.ts";
import { type DoRun, serveRuns } from "../../sweep/workers/serve_runs.ts";
import { randomStream } from "../../util/random.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function journal(line: string): void {
  const path = Deno.env.get("FAKE_JOURNAL");
  if (path !== undefined) Deno.writeTextFileSync(path, `${line}\n`, { append: true });
}

/**
 * Start time of a process as the system counts it; empty when the process is gone or a zombie, or
 * there is no `/proc`. Process ids are reused, but not together with the same start time.
 */
function startOf(pid: string): string {
  try {
    if (Deno.readTextFileSync(`/proc/${pid}/cmdline`) === "") return "";
    return Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ").at(-1)!.split(" ")[19]!;
  } catch {
    return "";
  }
}

/** Whether the process recorded as a run's owner is still alive. */
function isAlive(owner: string): boolean {
  const [pid, start] = owner.split("\n") as [string, string];
  return start !== "" && startOf(pid) === start;
}

const pretend: DoRun = async (
  { run: { id, config }, keepAdapter, reads, attempt = 1 },
  { dir, adapterDir },
  report,
) => {
  if (existsSync(join(dir, "result.json"))) journal(`again ${id}`);
  const owner = join(dir, "owner");
  if (existsSync(owner) && isAlive(await Deno.readTextFile(owner))) journal(`two ${id}`);
  await Deno.writeTextFile(owner, `${Deno.pid}\n${startOf(String(Deno.pid))}`);
  journal(`start ${id}`);

  const stream = randomStream(0, configHash(config));
  const log = await MetricsLog.open(join(dir, "metrics.jsonl"));
  for (let step = 1; step <= 5; step++) {
    const loss = stream.uniform();
    log.append({ step, loss });
    report(step / 5, loss);
    await pause(Math.random() * 20);
  }
  if (config.data_file === "vanish") await Deno.remove(dir, { recursive: true });
  await log.close();
  const metrics = { heldout_exact_match: stream.uniform(), heldout_loss: stream.uniform() };
  const tasks = ["a", "b"].map((task) => ({
    task,
    phase: "heldout" as const,
    split: 0,
    metrics: { exact_match: stream.uniform() },
  }));
  switch (config.data_file) {
    case "fail":
      throw new RangeError("Cannot train as asked\n  in two lines");
    case "fail once":
      if (attempt === 1) throw new Error("The device was lost");
      break;
    case "die":
      Deno.kill(Deno.pid, "SIGKILL");
      await pause(60_000);
      break;
    case "hang":
      await pause(60_000);
      break;
    case "block":
      for (const end = Date.now() + 60_000; Date.now() < end;);
      break;
    case "diverge":
      return { status: "diverged", metrics: { diverged_at_step: 3 }, tasks: [], provenance: {} };
    case "stall":
      return {
        status: "stalled",
        metrics: { heldout_exact_match: 0, stalled_at_step: 2 },
        tasks: [],
        provenance: {},
      };
    case "vanish others":
      for (const { name } of Deno.readDirSync(join(dir, ".."))) {
        if (name !== id) await Deno.remove(join(dir, "..", name), { recursive: true });
      }
      break;
    case "fill":
      await Deno.writeFile(join(dir, "filler"), new Uint8Array(1e6));
      break;
    case "fill unseen":
      await Deno.writeFile(join(dir, "filler"), new Uint8Array(1e6)).catch(() => {});
  }
  if (keepAdapter) await Deno.mkdir(adapterDir, { recursive: true });
  await Deno.remove(owner);
  const provenance = { seconds: 0.05 + Math.random(), ...reads?.inputs };
  return { status: "done", metrics, tasks, provenance };
};

await serveRuns(pretend);
