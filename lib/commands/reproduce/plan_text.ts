import { cellForTuning, cellOf, tunedSettings } from "../../claims/cell.ts";
import { claimsAsked, type ClaimsFile } from "../../claims/claims_file.ts";
import { judgeClaims } from "../../claims/judge.ts";
import type { Pool } from "../../claims/pool.ts";
import { settingsText } from "../../run/id.ts";
import { isFinal, type RunResult } from "../../run/result.ts";
import { counted } from "../../util/words.ts";

/** What a mode would run, for `--dry-run`: per suite the claims and the most runs, and what is next. */
export function planText(
  file: ClaimsFile,
  { mode, only }: { readonly mode: string; readonly only: readonly string[] | null },
  results: readonly RunResult[],
  pool: Pool,
): string {
  const { looks, says } = file.modes[mode]!;
  const lines = [`Mode ${mode}: ${says}`];
  for (const [suite, seeds] of Object.entries(looks)) {
    const asked = claimsAsked(file, mode, suite, only);
    const confirming = new Set<string>();
    const tuning = new Set<string>();
    for (const claim of asked) {
      for (const side of claim.sides) {
        const ofSuite = file.suites[suite]!;
        const cell = cellOf(claim, suite, ofSuite, side);
        confirming.add(settingsText(cell, ["seed"]));
        for (const { setting, values } of tunedSettings(cell, side, ofSuite)) {
          for (const value of values) {
            const base = cellForTuning({ ...cell, [setting]: value } as typeof cell, setting);
            for (const seed of ofSuite.tuning_seeds) tuning.add(settingsText({ ...base, seed }));
          }
        }
      }
    }
    const most = confirming.size * seeds.at(-1)!;
    lines.push(
      `${suite}: ${counted(asked.length, "claim")} (${asked.map(({ id }) => id).join(" ")}), ` +
        `${counted(confirming.size, "cell")}; at most ${counted(tuning.size, "run")} to choose ` +
        `settings and ${counted(most, "run")} to confirm, looked at after ${
          seeds.join(", ")
        } seeds`,
    );
  }
  const { missing } = judgeClaims(file, mode, pool, only);
  lines.push(
    `Done so far: ${counted(results.filter(isFinal).length, "run")}. Next: ${
      counted(missing.length, "run")
    }.`,
  );
  return lines.join("\n") + "\n";
}
