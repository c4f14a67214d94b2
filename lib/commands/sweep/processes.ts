import { SweepError } from "../../sweep/plan/sweep_error.ts";

/** Runs at once, and the threads of the BLAS of each. */
export interface Processes {
  readonly jobs: number;
  readonly threads: number;
}

/**
 * How many runs work at once and with how many threads each, as far as the cores go: one thread each, and
 * as many runs as there are cores for, unless a person says otherwise.
 *
 * @param asked null where a person says nothing
 * @param cores of this machine, or of an element of a job array
 * @param place what has the cores, for messages
 * @param more what gives more cores, for messages; empty where nothing does
 * @throws {SweepError} when more threads are asked for than there are cores
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(processesOf({ jobs: null, threads: 2 }, 8, "this machine"), { jobs: 4, threads: 2 });
 * assert.throws(
 *   () => processesOf({ jobs: 8, threads: 2 }, 8, "this machine"),
 *   /as 8 × 2 threads are more than the 8 cores of this machine: write --jobs 4 or --threads 1$/,
 * );
 * ```
 */
export function processesOf(
  asked: { readonly jobs: number | null; readonly threads: number | null },
  cores: number,
  place: string,
  more = "",
): Processes {
  const threads = asked.threads ?? 1;
  const jobs = asked.jobs ?? Math.max(1, Math.floor(cores / threads));
  if (jobs * threads <= cores) return { jobs, threads };
  const remedies = [
    ...threads <= cores ? [`--jobs ${Math.floor(cores / threads)}`] : [],
    ...jobs <= cores ? [`--threads ${Math.floor(cores / jobs)}`] : [],
    ...more === "" ? [] : [more],
  ];
  throw new SweepError(
    `Cannot run ${jobs} ${jobs === 1 ? "run" : "runs"} at once as ${jobs} × ${threads} ${
      threads === 1 ? "thread" : "threads"
    } are more than the ${cores} ${cores === 1 ? "core" : "cores"} of ${place}: write ${
      remedies.join(" or ")
    }`,
  );
}
