/** Which device the runs of a sweep take that leave it to the machine: the one that was measured faster. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BackendName, ChosenBackend } from "../backend/backend.ts";
import { blasEnvironment } from "../backend/wasm/child_environment.ts";
import { hasBegun, type RunResult } from "../run/result.ts";
import { withoutLoaderVariables } from "../util/environment.ts";
import { counted } from "../util/words.ts";
import { type BatchRuns, companiesOf } from "./companies.ts";
import { readsKey, type ReadsNow } from "./identity.ts";
import type { PlannedRun } from "./plan/sweep.ts";
import type { MeasuredSteps, StepsRequest } from "./workers/measure_steps.ts";
import { WorkerLog } from "./workers/worker_log.ts";
import { workerPermissions } from "./workers/worker_permissions.ts";

/** How many runs share a batch where a person leaves it to the machine; elsewhere each is alone. */
const RUNS_ON_WEBGPU = 8;

/** How many runs share a batch: as many as a person says, or what is best for the device of a run. */
export function batchRunsOf(asked: number | "auto", auto: ChosenBackend | null): BatchRuns {
  return ({ backend }) => {
    const device = backend === "auto" ? auto?.name ?? "wasm" : backend;
    if (device === "cpu") return 1; // it has no kernels that keep the rows of runs apart
    return asked === "auto" ? device === "webgpu" ? RUNS_ON_WEBGPU : 1 : asked;
  };
}

/** What measuring gives: how long steps take, or why none could be taken, in a line. */
export type Measure = (
  request: StepsRequest,
) => Promise<MeasuredSteps | { readonly fault: string }>;

/** What {@linkcode chooseDevice} looks at. */
export interface DeviceOptions {
  /** The folder of the sweep. */
  readonly dir: string;
  /** Processes at work at once, and the threads of the BLAS of each. */
  readonly jobs: number;
  readonly threads?: number;
  /** How many runs a person wants in a batch. */
  readonly batchRuns: number | "auto";
  /** What runs read. */
  readonly reads: ReadsNow;
  /** Measures in a process of its own; another in tests. */
  readonly measure?: Measure;
}

/** The device of runs that have begun and left it to the machine; null where there are none. */
export function deviceOfDone(before: readonly RunResult[]): ChosenBackend | null {
  const earlier = before.filter((run) => hasBegun(run) && run.config.backend === "auto")
    .map(({ provenance }) => provenance.backend);
  const name = earlier.at(-1) as BackendName | undefined; // as a worker has recorded it
  if (name === undefined) return null;
  return { name, reason: `${name}: as in ${counted(earlier.length, "run")} done before` };
}

/**
 * Chooses the device of the runs of a sweep whose `backend` is `auto`: WebGPU or WebAssembly, whichever gets
 * more steps done in a few steps of the sweep's own size. Where runs of the sweep are done, it stays theirs.
 *
 * @param toDo runs that are to be done
 * @param settled the device that other runs of the sweep have taken, of {@linkcode deviceOfDone}; null where
 * there are none
 * @returns null where there is nothing to choose: no run leaves it to the machine, or there is no graphics
 * card
 */
export async function chooseDevice(
  toDo: readonly PlannedRun[],
  settled: ChosenBackend | null,
  options: DeviceOptions,
): Promise<ChosenBackend | null> {
  const runs = toDo.filter(({ config }) => config.backend === "auto");
  if (runs.length === 0) return null;
  const { jobs, batchRuns, measure = (request) => measureInProcess(request, options) } = options;
  const asTask = (run: PlannedRun) => {
    const reads = options.reads.get(readsKey(run.config));
    return {
      ...{ dir: options.dir, run, keepAdapter: false, stagesDir: null },
      ...(reads ? { reads } : {}),
    };
  };
  const ofSize = batchRunsOf(batchRuns, { name: "webgpu", reason: "" });
  const tasks = companiesOf(runs.map(asTask), ofSize);
  const largest = Math.max(...tasks.map(({ company = [] }) => company.length));
  const first = tasks.find(({ company = [] }) => company.length === largest)!;
  const inBatch = tasks.filter(({ run: { id } }) => (first.company ?? [first.run.id]).includes(id));
  const requestOf = (backend: BackendName, some: typeof tasks): StepsRequest => ({
    backend,
    runs: some.map(({ run: { config }, reads }) => {
      const baseDir = reads?.baseDir ?? null;
      return { config, ...(baseDir === null ? {} : { baseDir }) };
    }),
    dir: join(options.dir, `.measured-${backend}`),
  });
  const onCard = await measure(requestOf("webgpu", inBatch));
  const refusing = (name: BackendName, other: BackendName, fault: string): ChosenBackend => {
    return { name, reason: `${name}: ${other} could not take a training step: ${fault}` };
  };
  if ("fault" in onCard) return refusing("wasm", "webgpu", onCard.fault);
  const { adapter, seconds } = onCard;
  if (adapter === null || seconds === null) return null;
  if (settled !== null) return settled;
  const onCores = await measure(requestOf("wasm", [first]));
  if ("fault" in onCores) return refusing("webgpu", "wasm", onCores.fault);
  const [card, cores] = [seconds / inBatch.length, onCores.seconds! / jobs];
  const said = `${milliseconds(card)} on webgpu (${adapter.description}, ` +
    `${counted(inBatch.length, "run")} in a batch) and ${milliseconds(cores)} on wasm ` +
    `(${counted(jobs, "worker")} at once)`;
  const faster = card < cores ? "webgpu" : "wasm";
  return { name: faster, reason: `${faster}: a training step of a run takes ${said}` };
}

function milliseconds(seconds: number): string {
  return `${(1000 * seconds).toPrecision(2)} ms`;
}

/** Measures steps in a process that may do what a worker may. */
export async function measureInProcess(
  request: StepsRequest,
  { dir, threads = 1 }: Pick<DeviceOptions, "dir" | "threads">,
): ReturnType<Measure> {
  const program = fileURLToPath(new URL("./workers/measure_steps.ts", import.meta.url));
  const permissions = workerPermissions(
    request.runs.map(({ config }) => ({ dir, stagesDir: null, run: { config } })),
  );
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...permissions, "--quiet", program, JSON.stringify(request)],
    env: { ...blasEnvironment(undefined, threads), ...withoutLoaderVariables() },
    stdin: "null",
  }).output();
  if (success) return JSON.parse(new TextDecoder().decode(stdout)) as MeasuredSteps;
  const log = new WorkerLog();
  for (const line of new TextDecoder().decode(stderr).split("\n")) log.add(line);
  return { fault: log.cause ?? "its process ended" };
}
