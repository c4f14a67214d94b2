import { runLabel } from "../../run/id.ts";
import type { SweepProgress } from "../../sweep/run_sweep.ts";
import { duration, firstLine } from "../../util/words.ts";

/** Lines of a round with many runs. */
const LINES = 10;

/**
 * Shows a round of many runs as few lines: one for each tenth of them, and one for each that fails.
 *
 * @param say writes a line
 * @param total runs of the round
 */
export function roundLines(say: (line: string) => void, total: number): SweepProgress {
  const started = performance.now();
  let ended = 0;
  return {
    working() {},
    silent({ id, seconds }) {
      say(`  ${runLabel(id)}: nothing for ${duration(seconds)}`);
    },
    again(run) {
      say(`  ${runLabel(run.id)} failed and is tried again: ${firstLine(run.error)}`);
    },
    ended(run) {
      ended++;
      if (run.status === "failed") say(`  ${runLabel(run.id)} failed: ${firstLine(run.error)}`);
      if (Math.floor(LINES * ended / total) === Math.floor(LINES * (ended - 1) / total)) return;
      say(`  ${ended} of ${total} runs, ${duration((performance.now() - started) / 1000)}`);
    },
    stop() {},
  };
}
