import type { RunResult } from "../../run/result.ts";
import { parseRunConfig, type RunConfigInput } from "../../run/config.ts";
import { runId } from "../../run/id.ts";

/** A result of a run that is done, with what a test says about it. */
export function runResult(
  settings: RunConfigInput,
  rest: Partial<Omit<RunResult, "config">> = {},
): RunResult {
  const config = parseRunConfig(settings);
  return {
    id: runId(config, ["n_skills", "n_splits", "seed"]),
    config,
    status: "done",
    metrics: {},
    tasks: [],
    provenance: {},
    ...rest,
  };
}
