import { fileURLToPath } from "node:url";
import { environmentVariable, withoutLoaderVariables } from "../../util/environment.ts";
import { type Blas, cpuInfo, openBlas } from "./blas.ts";
import { betterCoreType } from "./core_type.ts";
import type { ReportedWays } from "./report_ways.ts";
import { threadVariables } from "./threads.ts";

/** Variables of the environment, for `env` of a `Deno.Command`. */
export type ChildEnvironment = Readonly<Record<string, string>>;

/** What is known of this machine; another one in tests. */
export interface BlasFacts {
  /** The library of this process, or why there is none. */
  readonly blas: Pick<Blas, "coreName"> | string;
  /** Gives the text of `/proc/cpuinfo`. */
  readonly cpuInfo: () => string;
  /** A variable of this process; undefined when it is unset. */
  readonly variable: (name: string) => string | undefined;
}

/**
 * The environment in which a process that this project starts has a fast BLAS, of one thread unless more
 * are given.
 *
 * Where OpenBLAS fell back to its oldest kernels as it does not know the processor, it is told the
 * newest that the processor can run, unless the user has set `OPENBLAS_CORETYPE`. OpenBLAS reads that
 * once, when it is loaded, and the environment of this process is never written: hence children only.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const environment = blasEnvironment({
 *   blas: { coreName: "Prescott" },
 *   cpuInfo: () => "vendor_id : GenuineIntel\nflags : sse2 fma avx2\n",
 *   variable: () => undefined,
 * });
 * assert.equal(environment.OPENBLAS_CORETYPE, "Haswell");
 * ```
 */
export function blasEnvironment(
  facts: BlasFacts = thisMachine(),
  threads = 1,
): ChildEnvironment {
  const { blas, cpuInfo, variable } = facts;
  const pinned = threadVariables(threads);
  if (typeof blas === "string" || variable("OPENBLAS_CORETYPE") !== undefined) return pinned;
  const better = betterCoreType(blas.coreName, cpuInfo);
  return better === null ? pinned : { ...pinned, OPENBLAS_CORETYPE: better };
}

/** What a process said of its ways to matrix products, as the records of runs keep it. */
export interface RecordedWays {
  /** The BLAS that it found. */
  readonly blas?: unknown;
  /** The value of `POLY_MATMUL` that goes the same ways. */
  readonly matmul?: unknown;
  /** The threads of its BLAS; absent for one. */
  readonly threads?: unknown;
}

/**
 * The environment in which several processes multiply matrices alike, so that the same run has the
 * same bytes in each: {@linkcode blasEnvironment}, and the ways to matrix products as `POLY_MATMUL`.
 *
 * The ways are measured in one process more, which has the environment of the others. What the user
 * has set as `POLY_MATMUL` stays as it is.
 *
 * @param earlier what earlier processes of the same work recorded: the ways of the last with the same
 * BLAS and as many threads are kept
 * @param options.signal ends the measurement early; the processes then measure for themselves
 * @param options.threads of the BLAS of each process; one by default
 * @param options.settle gives the ways to go where others, on other machines perhaps, must agree; by default
 * those of `earlier`, and else those found
 * @param options.facts of this machine
 * @param options.ask gives what a process in an environment says of its ways; `null` when it does not
 * answer
 */
export async function sharedEnvironment(
  earlier: readonly RecordedWays[] = [],
  options: {
    readonly signal?: AbortSignal;
    readonly threads?: number;
    readonly settle?: SettleWays;
    readonly facts?: BlasFacts;
    readonly ask?: (environment: ChildEnvironment) => Promise<ReportedWays | null>;
  } = {},
): Promise<ChildEnvironment> {
  const { facts = thisMachine(), ask = (env) => askProcess(env, options.signal) } = options;
  const { threads = 1, settle = (found) => sameWays(earlier, found) ?? found.matmul } = options;
  const environment = blasEnvironment(facts, threads);
  if (facts.variable("POLY_MATMUL") !== undefined) return environment;
  // Also where this process found no BLAS: it may lack a permission that the others have.
  const found = await ask(environment);
  if (found === null || found.blas === null) return environment;
  return { ...environment, POLY_MATMUL: await settle({ ...found, threads }) };
}

/** Decides, given what a process found, which ways to matrix products are gone, as `POLY_MATMUL`. */
export type SettleWays = (found: FoundWays) => string | Promise<string>;

/** The ways that a process has measured, with the threads of its BLAS. */
export type FoundWays = ReportedWays & { readonly threads: number };

/**
 * The ways of the last of earlier processes with the same BLAS and as many threads.
 *
 * @returns a value of `POLY_MATMUL`; undefined when there is none
 */
export function sameWays(earlier: readonly RecordedWays[], found: FoundWays): string | undefined {
  const same = earlier.findLast(({ blas, matmul, threads = 1 }) =>
    blas === found.blas && threads === found.threads && typeof matmul === "string"
  );
  return same?.matmul as string | undefined;
}

function thisMachine(): BlasFacts {
  const blas = openBlas(environmentVariable("POLY_BLAS"));
  return { blas, cpuInfo, variable: environmentVariable };
}

/** What a program needs of Deno to multiply matrices by the system's BLAS, or without it. */
export const BLAS_PERMISSIONS = [
  "--no-prompt",
  "--allow-read",
  "--allow-env=POLY_MATMUL,POLY_BLAS,POLY_THREADS,OPENBLAS_CORETYPE",
  "--allow-ffi",
] as const;

/** Asks `report_ways.ts`. */
async function askProcess(
  env: ChildEnvironment,
  signal: AbortSignal | undefined,
): Promise<ReportedWays | null> {
  const program = fileURLToPath(new URL("./report_ways.ts", import.meta.url));
  const { success, stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", ...BLAS_PERMISSIONS, "--quiet", program],
    env: { ...env, ...withoutLoaderVariables() },
    stdin: "null",
    stderr: "null",
    ...(signal === undefined ? {} : { signal }),
  }).output();
  return success ? JSON.parse(new TextDecoder().decode(stdout)) as ReportedWays : null;
}
