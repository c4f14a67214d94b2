import type { RunConfig } from "../run/config.ts";
import { cellTexts } from "../run/id.ts";
import {
  excessOf,
  faultOf,
  linearLayers,
  type LinearSize,
  type Room,
  roomHere,
} from "../run/preflight.ts";
import type { Note } from "../sweep/setting.ts";
import { SweepError } from "../sweep/sweep_error.ts";

/**
 * Looks at the runs of a sweep before the first begins.
 *
 * @param note hears of cells that cannot be done while others can
 * @param room what the machine has; another in tests
 * @returns why no run can be done; null when some can, or there is none
 * @throws {SweepError} when a run is too large for this machine
 */
export async function faultOfRuns(
  runs: readonly { readonly config: RunConfig }[],
  note: Note,
  room: Room = roomHere(),
): Promise<string | null> {
  const texts = cellTexts(runs);
  const cells = new Map(runs.map(({ config }, i) => [texts[i]!, config]));
  const layersOf = new Map<string, LinearSize[] | null>();
  const faults = new Map<string, number>();
  for (const config of cells.values()) {
    const { base_model } = config;
    if (!layersOf.has(base_model)) layersOf.set(base_model, await linearLayers(base_model));
    const layers = layersOf.get(base_model)!;
    const fault = faultOf(config, layers);
    if (fault !== null) faults.set(fault, (faults.get(fault) ?? 0) + 1);
    const excess = fault === null ? excessOf(config, layers, room) : null;
    if (excess !== null) throw new SweepError(excess);
  }
  const failing = [...faults.values()].reduce((sum, count) => sum + count, 0);
  if (failing > 0 && failing === cells.size) return [...faults.keys()][0]!;
  for (const [fault, count] of faults) {
    note(`${count} of ${cells.size} cells will fail: ${fault}`);
  }
  return null;
}
