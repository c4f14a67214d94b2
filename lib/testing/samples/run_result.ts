import type { RunResult } from "../../run/result.ts";
import { parseRunConfig, type RunConfigInput } from "../../run/config.ts";
import { runId } from "../../run/id.ts";

/** Makes the result of a finished run, with the given changes. */
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
