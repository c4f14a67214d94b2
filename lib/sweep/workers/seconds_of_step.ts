import { join } from "node:path";
import { type BackendName, useBackend } from "../../backend/backend.ts";
import { Company } from "../../run/company/company.ts";
import { doRun } from "../../run/run.ts";
import { StoppedError } from "../../run/stages/keeper.ts";
import { readEvery } from "../../run/stages/phase.ts";
import type { RunConfig } from "../../run/config.ts";

/** A run of which steps are taken, and the folder of its base model where that is known. */
export interface MeasuredRun {
  readonly config: RunConfig;
  readonly baseDir?: string;
}

/** Steps that are taken at most, and the time after which no more is begun, in ms. */
const [MOST_STEPS, MOST_TIME] = [24, 20_000];

/** The time of a step of all runs on a device, in seconds; of none before pipelines were compiled. */
export async function secondsOfStep(
  backend: BackendName,
  runs: readonly MeasuredRun[],
  dir: string,
): Promise<number> {
  await useBackend(backend);
  const company = new Company(runs.map((_, i) => `${i}`));
  const started = performance.now();
  const times = runs.map((): number[] => []);
  try {
    await Promise.all(runs.map(async ({ config, baseDir }, i) => {
      const stop = new AbortController();
      const own = times[i]!;
      const isOver = () => own.length >= MOST_STEPS || performance.now() - started > MOST_TIME;
      await Deno.mkdir(join(dir, `${i}`), { recursive: true });
      await doRun({ ...config, backend, steps: Infinity, evaluate_every: 0 }, {
        dir: join(dir, `${i}`),
        ...(baseDir === undefined ? {} : { baseDir }),
        seat: company.seatOf(`${i}`),
        signal: stop.signal,
        report() {
          own.push(performance.now());
          if (isOver()) stop.abort();
        },
      }).catch((error) => {
        if (!(error instanceof StoppedError)) throw error;
      });
    }));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
  const first = Math.max(2, readEvery()) - 1;
  const steps = Math.min(...times.map(({ length }) => length)) - 1 - first;
  if (steps < 1) {
    throw new Error(`Cannot measure steps on ${backend} as runs end before the second`);
  }
  const [from, to] = [first, first + steps].map((at) => Math.max(...times.map((own) => own[at]!)));
  return (to! - from!) / steps / 1000;
}
