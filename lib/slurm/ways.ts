/**
 * The ways to matrix products on which all elements of a sweep agree, so that a run has the same bytes in
 * whichever element it is done: the first element on a kind of machine measures, and the others follow.
 */
import { z } from "zod";
import { type FoundWays, type RecordedWays, sameWays } from "../backend/wasm/child_environment.ts";
import { changeAgreed } from "./agreed_file.ts";

const WAYS = z.array(z.strictObject({ blas: z.string(), matmul: z.string(), threads: z.int() }));
const FILE = "ways.json";

/**
 * The ways to go, as `POLY_MATMUL`: those that another element with the same BLAS has written down, or else
 * those found, which are then written down.
 *
 * @param dir the sweep's folder
 */
export async function agreeOnWays(dir: string, found: FoundWays): Promise<string> {
  return await changeAgreed(dir, FILE, WAYS, (ways) => {
    const same = sameWays(ways ?? [], found);
    if (same !== undefined || found.blas === null) return [ways, same ?? found.matmul];
    const { blas, matmul, threads } = found;
    return [[...ways ?? [], { blas, matmul, threads }], matmul];
  });
}

/**
 * Writes down the ways of runs that are done, so that elements go on with them.
 *
 * @param dir the sweep's folder
 * @param earlier the provenance of the runs
 */
export async function keepWays(dir: string, earlier: readonly RecordedWays[]): Promise<void> {
  await changeAgreed(dir, FILE, WAYS, (ways) => {
    const added = [...ways ?? []];
    for (const { blas, matmul, threads = 1 } of earlier) {
      const isWhole = typeof blas === "string" && typeof matmul === "string" &&
        typeof threads === "number";
      if (isWhole && !added.some((way) => way.blas === blas && way.threads === threads)) {
        added.push({ blas, matmul, threads });
      }
    }
    return [added.length === (ways ?? []).length ? ways : added, null];
  });
}
