/** What is looked at before the first run of a sweep begins: nothing is started in vain. */
import { existsSync, statSync } from "node:fs";
import { isAbsolute } from "node:path";
import { checkAdapterOutput, checkMethod } from "../../run/check_method.ts";
import type { RunConfig } from "../../run/config.ts";
import { cellTexts } from "../../run/id.ts";
import type { AdaptedLayer } from "../../run/preflight/adapted_layers.ts";
import type { BaseOutline } from "../../run/preflight/base_outline.ts";
import type { Cost } from "../../run/preflight/cost.ts";
import { bytesOfRun, freeSpace } from "../../run/preflight/disk_space.ts";
import { excessOf, type Room, roomHere } from "../../run/preflight/excess.ts";
import { revisionOf } from "../../run/inputs.ts";
import { type BaseFolders, baseKey } from "../../sweep/identity.ts";
import type { Note } from "../../sweep/plan/setting.ts";
import { SweepError } from "../../sweep/plan/sweep_error.ts";
import { byteSize, duration } from "../../util/words.ts";
import type { ResolveBase } from "./bases.ts";
import { operationsPerSecond } from "./speed.ts";

/** What the look at a sweep's runs takes into account. */
export interface PreflightOptions {
  /** Hears of cells that cannot be done while others can, and of what may spoil results. */
  readonly note: Note;
  /** The folder of results. */
  readonly dir: string;
  /** Whether the trained adapter of every run is kept. */
  readonly keepAdapter?: boolean;
  /**
   * The folders of base models that were downloaded, once that is done: then only what these tell is looked
   * at. Without them a base model of the hub is not looked at.
   */
  readonly baseFolders?: BaseFolders;
  /** Finds a base model of the hub that is in the cache already, for a look without a download. */
  readonly resolveCached?: ResolveBase;
  /** What the machine has; another in tests. */
  readonly room?: Room;
  /** Measures a device; another in tests. */
  readonly speedOf?: typeof operationsPerSecond;
}

/**
 * Looks at the runs of a sweep before the first begins: method and settings agree, data can be read and
 * has as many tasks as are asked for, the base model's files fit each other and the tokenizer, layers are
 * targeted and can be split, and memory and disk are large enough. Data and base models are opened once
 * each, not once per run.
 *
 * @returns why no run can be done, a line for each cause; null when some can, or there is none
 * @throws {SweepError} when a run is too large for this machine
 */
export async function faultOfRuns(
  runs: readonly { readonly config: RunConfig }[],
  {
    note,
    dir,
    keepAdapter = false,
    baseFolders,
    resolveCached,
    room = roomHere(),
    speedOf = operationsPerSecond,
  }: PreflightOptions,
): Promise<string | null> {
  const texts = cellTexts(runs);
  const cells = [...Map.groupBy(runs.keys(), (i) => texts[i]!).values()]
    .map((indices) => indices.map((i) => runs[i]!.config));
  const isLater = baseFolders !== undefined;
  const bases = new Bases(note, baseFolders, resolveCached);
  const faults = new Map<string, number>();
  const open: (readonly RunConfig[])[] = [];
  let bytes = 0;
  const fail = (fault: string) => faults.set(fault, (faults.get(fault) ?? 0) + 1);
  for (const cell of cells) {
    const config = cell[0]!;
    if (isLater && !baseFolders.has(baseKey(config))) continue;
    try {
      checkMethod(config);
      if (keepAdapter) checkAdapterOutput(config);
      if (config.suite !== "planted") revisionOf(config);
      const layers = await bases.layersOf(config);
      const excess = excessOf(config, layers, room);
      if (excess !== null) throw new SweepError(excess);
      if (layers !== null) await bases.count(config, layers);
      bytes += cell.length * bytesOfRun(config, layers);
      open.push(cell);
    } catch (error) {
      if (error instanceof SweepError) throw error;
      fail((error as Error).message);
    }
  }
  if (open.length > 0 && !isLater) {
    const { dataFaults } = await import("../../run/preflight/data_faults.ts");
    for (const fault of await dataFaults(open)) if (fault !== null) fail(fault);
  }
  if (!isLater) noteDisk(bytes, dir, note);
  for (const large of bases.large.values()) note(await costNote(large, room, speedOf));
  const failing = [...faults.values()].reduce((sum, count) => sum + count, 0);
  if (failing === 0) return null;
  if (failing === cells.length) return causes(faults, cells.length);
  for (const [fault, count] of faults) {
    note(`${count} of ${cells.length} cells will fail: ${fault}`);
  }
  return null;
}

/** Every cause in a line of its own, with the number of cells that it concerns. */
function causes(faults: ReadonlyMap<string, number>, total: number): string {
  if (total === 1) return [...faults.keys()][0]!;
  return [...faults].map(([fault, count]) =>
    `${fault} (${count === total ? `all ${total}` : `${count} of ${total}`} cells)`
  ).join("\n");
}

/** Says where a disk has less room than runs will take. */
function noteDisk(bytes: number, dir: string, note: Note): void {
  if (bytes === 0) return;
  const free = freeSpace(dir);
  if ("unknown" in free || free.bytes >= bytes) return; // a disk that fills up is told, and loses nothing
  note(
    `the runs to do will take about ${byteSize(bytes)}, and ${
      byteSize(free.bytes)
    } are free on the disk ` +
      `of ${dir}`,
  );
}

/** The fewest weights of a base model of which it is told what a run takes. */
const LARGE = 20e6;

/** A base model of many weights, and its dearest run. */
interface LargeBase extends Cost {
  readonly config: RunConfig;
  readonly weights: number;
}

/** What a run of a large base model takes, as a sentence. */
async function costNote(
  { config, weights, bytes, step, run }: LargeBase,
  { memory }: Room,
  speedOf: typeof operationsPerSecond,
): Promise<string> {
  const speed = await speedOf(config.backend);
  const time = speed === null
    ? ""
    : ` and, where texts are as long as they may be, about ${duration(run / speed)}, ${
      (step / speed).toPrecision(2)
    } s of it a step of training`;
  const lacks = bytes > memory ? `; there are ${byteSize(memory)} here` : "";
  return `base_model ${config.base_model} has ${
    Math.round(weights / 1e6)
  } million weights: a run takes ` +
    `about ${byteSize(bytes)} of memory${time}${lacks}`;
}

/** The base models of a sweep, each opened once. */
class Bases {
  /** The dearest run of each base model that is large. */
  readonly large = new Map<string, LargeBase>();
  readonly #outlines = new Map<string, BaseOutline | Error | null>();
  readonly #told = new Set<string>();

  constructor(
    readonly note: Note,
    readonly folders: BaseFolders = new Map(),
    readonly resolveCached?: ResolveBase,
  ) {}

  /**
   * The layers of a run's base model that get skills; null where the model is not at hand.
   * @throws when it cannot be opened, or not be adapted as asked for
   */
  async layersOf(config: RunConfig): Promise<readonly AdaptedLayer[] | null> {
    const outline = await this.#outline(config);
    if (outline === null) return null;
    if (outline instanceof Error) throw outline;
    const { adaptedLayers } = await import("../../run/preflight/adapted_layers.ts");
    const { layers, warnings } = adaptedLayers(config, outline);
    for (const warning of warnings) this.#tell(warning);
    return layers;
  }

  /** Counts what a run takes, where its base model is large. */
  async count(config: RunConfig, layers: readonly AdaptedLayer[]): Promise<void> {
    const outline = await this.#outline(config);
    if (outline === null || outline instanceof Error || outline.weights < LARGE) return;
    const { costOf } = await import("../../run/preflight/cost.ts");
    const cost = costOf(config, outline, layers);
    const key = baseKey(config);
    if (cost.run <= (this.large.get(key)?.run ?? 0)) return;
    this.large.set(key, { ...cost, config, weights: outline.weights });
  }

  async #outline(config: RunConfig): Promise<BaseOutline | Error | null> {
    const { suite, base_model } = config;
    const { outlineBase, PLANTED_OUTLINE } = await import("../../run/preflight/base_outline.ts");
    if (suite === "planted") return PLANTED_OUTLINE;
    const key = baseKey(config);
    const known = this.#outlines.get(key);
    if (known !== undefined) return known;
    const dir = this.folders.get(key) ?? await this.#cached(config) ?? base_model;
    let outline: BaseOutline | Error | null;
    if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true) {
      outline = await outlineBase(dir).catch((error: Error) => error);
    } else {
      outline = isLost(base_model)
        ? new RangeError(`Cannot open base_model "${base_model}" as there is no such folder`)
        : null;
    }
    this.#outlines.set(key, outline);
    if (outline !== null && !(outline instanceof Error)) {
      for (const warning of outline.warnings) this.#tell(`base_model ${base_model}: ${warning}`);
    }
    return outline;
  }

  /** The folder of a hub's model that is in the cache; null where it is not. */
  async #cached(config: RunConfig): Promise<string | null> {
    const isFolder = statSync(config.base_model, { throwIfNoEntry: false }) !== undefined;
    if (this.resolveCached === undefined || isFolder) return null;
    const options = { ...revisionOf(config), offline: true };
    return await this.resolveCached(config.base_model, options).catch(() => null);
  }

  #tell(warning: string): void {
    if (this.#told.has(warning)) return;
    this.#told.add(warning);
    this.note(warning.replace(/\.$/, ""));
  }
}

/** Whether a path that cannot be the name of a model on the hub leads nowhere. */
function isLost(path: string): boolean {
  return (isAbsolute(path) || /^\.{1,2}([\\/]|$)/.test(path)) && !existsSync(path);
}
