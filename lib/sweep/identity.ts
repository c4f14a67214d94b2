/** What the runs of a sweep were computed from, against what they would be computed from now. */
import { isFolderSync } from "../files/file_system.ts";
import { GENERATED_SUITES, type RunConfig } from "../run/config.ts";
import { inputName, type KnownInputs, knownInputs, shortHash } from "../run/inputs.ts";
import { hasBegun, type RunResult } from "../run/result.ts";
import type { MachineFacts } from "./provenance.ts";
import { StoreError } from "./store_error.ts";

/** The code that would do runs now. */
export type CodeNow = Pick<MachineFacts, "code_sha256" | "deno_lock_sha256">;

/** What runs read now, by the settings that decide it; null where it cannot be found. */
export type ReadsNow = ReadonlyMap<string, KnownInputs | null>;

/** The folders of base models of a hub, by {@linkcode baseKey}, as far as they are known. */
export type BaseFolders = ReadonlyMap<string, string>;

/** What decides which base model a run has, as a text. */
export function baseKey({ suite, base_model, base_model_revision }: RunConfig): string {
  return JSON.stringify(suite === "planted" ? null : [base_model, base_model_revision]);
}

/** What decides which files a run reads, as a text. */
export function readsKey(config: RunConfig): string {
  const { suite, data_dir, data_file, split } = config;
  const data = GENERATED_SUITES.includes(suite)
    ? null
    : [suite, suite === "jsonl" ? data_file : data_dir, suite === "superni" ? split : null];
  return JSON.stringify([data, baseKey(config)]);
}

/**
 * What runs read now. Files of one kind are hashed once, however many runs read them.
 *
 * @param bases folders of the models of a hub; a run whose base model is neither there nor a folder itself
 * is left out
 */
export async function readsNow(
  runs: readonly { readonly config: RunConfig }[],
  bases: BaseFolders,
): Promise<ReadsNow> {
  const reads = new Map<string, KnownInputs | null>();
  for (const { config } of runs) {
    const key = readsKey(config);
    if (reads.has(key)) continue;
    const base = bases.get(baseKey(config)) ?? folderOf(config);
    if (base === undefined && config.suite !== "planted") continue;
    // The run itself says best what is wrong with its files.
    reads.set(key, await knownInputs(config, base).catch(() => null));
  }
  return reads;
}

/** The folder of a base model that is no model of a hub; undefined for others. */
function folderOf({ base_model, base_model_revision }: RunConfig): string | undefined {
  return base_model_revision === null && isFolderSync(base_model) ? base_model : undefined;
}

/**
 * Fails when results that are there were computed from other data, another base model or other code than
 * runs would be now, as one table would mix them. What a result does not name is not compared: those of
 * earlier versions name none of it.
 *
 * @param dir folder of the results, for messages
 * @param known what is known of every run; those that have not begun are passed over
 * @param reads what runs read now
 * @param code the code that would do runs now; null where none is to be done, or other code is welcome
 * @throws {StoreError} naming what has changed, both hashes, how many runs have the old one, and what to do
 */
export function refuseChanges(
  dir: string,
  known: readonly RunResult[],
  reads: ReadsNow,
  code: CodeNow | null,
): void {
  const change = changeOf(known.filter(hasBegun), reads, code);
  if (change === null) return;
  const { what, detail, count, before, now, hint } = change;
  throw new StoreError(
    `Cannot go on with ${dir} as ${what} has changed: ${count} of its runs ${
      count === 1 ? "was" : "were"
    } done with the one of hash ${before}${detail}, and its hash is ${now} now; ${hint}name another ` +
      `folder with --out, or do all runs again with --fresh`,
  );
}

/** A difference between what is there and what would be. */
interface Change {
  readonly what: string;
  readonly detail: string;
  readonly count: number;
  readonly before: string;
  readonly now: string;
  readonly hint: string;
}

function changeOf(
  done: readonly RunResult[],
  reads: ReadsNow,
  code: CodeNow | null,
): Change | null {
  for (const key of ["data_sha256", "base_model_sha256"] as const) {
    const changed = done.filter(({ config, provenance }) => {
      const now = reads.get(readsKey(config))?.inputs[key];
      return isOther(provenance[key], now);
    });
    const [first] = changed;
    if (first === undefined) continue;
    const now = reads.get(readsKey(first.config))!.inputs;
    const { config, provenance } = first;
    const commit = key === "base_model_sha256" ? provenance.base_model_commit : null;
    return {
      what: inputName(config, key),
      detail: typeof commit === "string" ? `, commit ${commit.slice(0, 8)}` : "",
      count: changed.filter(({ provenance: { [key]: hash } }) => hash === provenance[key]).length,
      before: shortHash(provenance[key] as string),
      now: shortHash(now[key]),
      hint: typeof commit === "string"
        ? `set base_model_revision to a commit to keep to it from the start; `
        : "",
    };
  }
  for (
    const [key, what] of [["code_sha256", "the code"], ["deno_lock_sha256", "deno.lock"]] as const
  ) {
    // Earlier versions named the lock and not the code: all or nothing is compared.
    const changed = done.filter(({ provenance }) =>
      typeof provenance.code_sha256 === "string" && isOther(provenance[key], code?.[key])
    );
    const [first] = changed;
    if (first === undefined) continue;
    const { provenance } = first;
    return {
      what,
      detail: typeof provenance.git_commit === "string"
        ? `, commit ${provenance.git_commit.slice(0, 8)}${
          provenance.git_dirty ? " with changes" : ""
        }`
        : "",
      count: changed.filter(({ provenance: { [key]: hash } }) => hash === provenance[key]).length,
      before: shortHash(provenance[key] as string),
      now: shortHash(code![key]),
      hint: `go on with --mixed-code, and tables tell the runs of each code apart; or `,
    };
  }
  return null;
}

/** Whether two hashes are both known and differ. */
function isOther(before: unknown, now: string | null | undefined): boolean {
  return typeof before === "string" && typeof now === "string" && before !== now;
}
