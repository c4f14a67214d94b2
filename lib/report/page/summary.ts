import { counted } from "../../util/words.ts";
import { type PageData, rowsOfData } from "./data.ts";

/** In what states runs are shown, in this order; what they are called in a sentence. */
const STATES = {
  running: "running",
  diverged: "diverged",
  stalled: "stalled",
  stopped_early: "stopped early",
  failed: "failed",
  planned: "not run yet",
} as const;

/** The number of runs, and how they ended. */
export function summary(data: PageData): string {
  const runs = rowsOfData(data.runs);
  const seeds = new Set(runs.map(({ seed }) => seed)).size;
  const count = (status: string) => runs.filter((run) => run.status === status).length;
  const others = Object.entries(STATES).filter(([status]) => count(status) > 0)
    .map(([status, words]) => `, ${count(status)} ${words}`);
  return `${counted(runs.length, "run")} with ${counted(seeds, "seed")}: ${count("done")} done${
    others.join("")
  }.`;
}
