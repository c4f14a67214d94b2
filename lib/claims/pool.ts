import type { RunConfig } from "../run/config.ts";
import { settingsText } from "../run/id.ts";
import type { MetricsRow } from "../run/metrics_log.ts";
import { isFinal, type RunResult } from "../run/result.ts";

/** The runs that claims are judged by: all that is known, asked for by their settings. */
export class Pool {
  readonly #results: ReadonlyMap<string, RunResult>;
  readonly #log: (result: RunResult) => readonly MetricsRow[];

  /**
   * @param results of any number of runs; those without a result are passed over
   * @param log reads what a run has logged
   */
  constructor(
    results: readonly RunResult[],
    log: (result: RunResult) => readonly MetricsRow[] = () => [],
  ) {
    this.#results = new Map(
      results.filter(isFinal).map((result) => [settingsText(result.config), result]),
    );
    this.#log = log;
  }

  /** The result of the run with these settings; null where there is none. */
  resultOf(config: RunConfig): RunResult | null {
    return this.#results.get(settingsText(config)) ?? null;
  }

  /** What a run has logged, in order. */
  logOf(result: RunResult): readonly MetricsRow[] {
    return this.#log(result);
  }
}
