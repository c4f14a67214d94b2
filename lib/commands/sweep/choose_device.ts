import type { RunResult } from "../../run/result.ts";
import { batchRunsOf, chooseDevice, deviceOfDone, type DeviceOptions } from "../../sweep/device.ts";
import type { RunSweepOptions } from "../../sweep/run_sweep.ts";
import { describeCompanies } from "./describe_companies.ts";

/**
 * Chooses the device of runs that leave it to the machine and which runs share batches, and says both.
 *
 * @param toDo runs that are to be done
 * @param before what is known of all runs
 * @param options `worker` is another program than the worker's own, which has no device to choose
 */
export async function chooseAndTell(
  toDo: readonly RunResult[],
  before: readonly RunResult[],
  options: DeviceOptions & Pick<RunSweepOptions, "worker" | "stagesDir">,
  say: (line: string) => void,
): Promise<Required<Pick<RunSweepOptions, "device" | "batchRuns">>> {
  const device = options.worker === undefined
    ? await chooseDevice(toDo, deviceOfDone(before), options)
    : null;
  if (device !== null) say(`Device: ${device.reason}.`);
  const batchRuns = batchRunsOf(options.batchRuns, device);
  const inBatches = describeCompanies(toDo, options.stagesDir ?? null, batchRuns);
  if (inBatches !== null) say(inBatches);
  return { device, batchRuns };
}
