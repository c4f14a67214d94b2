import { isFolderSync } from "../../files/file_system.ts";
import { HubError } from "../../hub/error.ts";
import { type DownloadEvent, resolveModel, type ResolveOptions } from "../../hub/hugging_face.ts";
import { hubCache, hubEndpoint } from "../../hub/python_environment.ts";
import { revisionOf } from "../../run/inputs.ts";
import type { RunResult } from "../../run/result.ts";
import { type BaseFolders, baseKey } from "../../sweep/identity.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";
import { downloadBar, downloadLines } from "../bars.ts";
import { interruptible } from "../interruptible.ts";
import type { LastingOutput } from "../output.ts";
import { lackingPermission } from "../permissions.ts";
import type { SweepArguments } from "./arguments.ts";
import { faultOfRuns, type PreflightOptions } from "./preflight.ts";

/** Finds the folder of a base model by its name or path. */
export type ResolveBase = (nameOrPath: string, options: ResolveOptions) => Promise<string>;

/**
 * Downloads the base models of runs, each once, where they are not folders.
 *
 * @returns the folder of each; null when a signal stopped it
 * @throws {HubError} when one cannot be had
 */
async function fetchBases(
  runs: readonly RunResult[],
  args: readonly string[],
  { quiet }: Pick<SweepArguments, "quiet">,
  { stderr, say }: LastingOutput,
  resolveBase: ResolveBase = resolveModel,
): Promise<BaseFolders | null> {
  const bases = new Map(
    runs.map(({ config }) => config)
      .filter(({ suite, base_model }) => suite !== "planted" && !isFolderSync(base_model))
      .map((config) => [baseKey(config), config]),
  );
  const folders = new Map<string, string>();
  const progress = stderr.isTTY === true && !quiet
    ? await downloadBar(stderr)
    : downloadLines((line) => quiet || say(line));
  try {
    return await interruptible(async (signal) => {
      for (const [key, config] of bases) {
        const onProgress = (event: DownloadEvent) => progress.show(event);
        const options = { ...revisionOf(config), signal, onProgress };
        folders.set(key, await resolveBase(config.base_model, options));
      }
      return signal.aborted ? null : folders;
    }, () => progress.stop());
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") return null;
    if (!(error instanceof HubError && ["unreachable", "disk"].includes(error.failure))) {
      throw error;
    }
    const lacking = await lackingForHub(args);
    if (lacking === null) throw error;
    const [why] = error.message.split(": ");
    throw new SweepError(`${why}: ${lacking}`);
  } finally {
    progress.stop();
  }
}

/**
 * Downloads the base models of runs as {@linkcode fetchBases} does, and looks at the runs again with what
 * their files tell.
 *
 * @returns the folder of each; null when a signal stopped the download
 * @throws {HubError} when one cannot be had
 * @throws {SweepError} when no run could be done with them
 */
export async function checkedBases(
  runs: readonly RunResult[],
  args: readonly string[],
  { quiet, preflight }: {
    /** Whether progress is kept silent. */
    readonly quiet: boolean;
    /** How the runs were looked at before. */
    readonly preflight: PreflightOptions;
  },
  output: LastingOutput,
  resolveBase?: ResolveBase,
): Promise<BaseFolders | null> {
  const baseFolders = await fetchBases(runs, args, { quiet }, output, resolveBase);
  if (baseFolders === null) return null;
  const fault = await faultOfRuns(runs, { ...preflight, baseFolders });
  if (fault !== null) throw new SweepError(fault);
  return baseFolders;
}

/** What is not permitted of what a download from the hub needs, as a sentence; null when all is. */
async function lackingForHub(args: readonly string[]): Promise<string | null> {
  const host = URL.parse(hubEndpoint())?.host ?? "huggingface.co";
  // The public hub sends its readers on to hosts of its own.
  const net = host === "huggingface.co" ? [host, "*.hf.co"] : [host];
  return lackingPermission("sweep", args, { write: [await hubCache()], net });
}
