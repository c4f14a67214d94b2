/**
 * Where the sections of a sweep's file and the command line meet. Every value comes with its place, so
 * that nothing is left out without a word.
 */
import { parseRunConfig, RUN_CONFIG_KEYS, type RunConfig } from "../../run/config.ts";
import { settingsText } from "../../run/id.ts";
import { isUsed } from "../../run/used_settings.ts";
import { grid, gridSize } from "../../util/grid.ts";
import { randomStream } from "../../util/random.ts";
import type { Overrides } from "./overrides.ts";
import type { Axis, Entry, Note, SettingGroup, SettingKey } from "./setting.ts";
import { textOf, valueKey } from "./setting.ts";
import { MOST_RUNS } from "./setting_value.ts";
import { SweepError } from "./sweep_error.ts";
import type { Sample, SweepFile } from "./sweep_file.ts";

/** The cells of a sweep, and the seeds that each is run with. */
export interface Cells {
  /** The settings of each cell, different from each other; their seed means nothing. */
  readonly cells: readonly RunConfig[];
  /** Different from each other. */
  readonly seeds: readonly number[];
}

type Axes = ReadonlyMap<SettingKey, Axis>;
type Settings = ReadonlyMap<SettingKey, unknown>;

/**
 * The cells of a sweep: every combination of `grid`, together with `zip`, on top of `set`, without those
 * that match an entry of `exclude`, or as many of them as `sample` draws, and with those of `include`.
 *
 * The command line wins in every cell: one value is set and several become an axis, also in the cells of
 * `include`. What a cell does not name takes its default, and `exclude` sees that too.
 *
 * @param path of the file, for messages
 * @param note called with every entry that has no effect, or perhaps another than was meant
 * @throws {SweepError} when there is no cell, or there are more runs than {@linkcode MOST_RUNS}
 */
export function cellsOf(file: SweepFile, overrides: Overrides, path: string, note: Note): Cells {
  const asked = new Map(overrides.axes);
  asked.delete("seed");
  const seeds = overrides.axes.get("seed") ?? file.seeds;
  const without = <V>(section: ReadonlyMap<SettingKey, V>) =>
    new Map([...section].filter(([key]) => !asked.has(key)));
  const set = valuesOf(without(file.set.entries));
  const axes: Axes = new Map([...without(file.grid), ...asked]);
  const zip = rowsOf(without(file.zip), note);
  const include = file.include.map((group) => withoutAsked(group, asked, note));
  checkCount({ axes, zip, include, asked, seeds, sample: file.sample }, path);

  const kept = file.sample === null
    ? excluded(
      combinations(axes).flatMap((point) => zip.map((row) => complete(set, point, row))),
      file.exclude,
      note,
    )
    : sampled({ set, axes, zip, exclude: file.exclude }, file.sample, note);
  const cells = new Map(kept.map((cell) => [settingsText(cell, ["seed"]), cell]));
  if (include.length > 0 && axes.size === 0 && file.zip.size === 0) {
    note("There is no grid and no zip, so the cell of set alone runs beside those of include");
  }
  for (const { entries, place } of include) {
    noteDefaults({ place, entries }, new Map([...without(file.grid), ...without(file.zip)]), note);
    const own = combinations(asked).map((point) => complete(set, valuesOf(entries), point));
    noteContradiction({ place, entries }, own, file.exclude, note);
    const added = own.filter((cell) => !cells.has(settingsText(cell, ["seed"])));
    if (added.length === 0) note(`${place()} adds no cell: what it names is there without it`);
    for (const cell of added) cells.set(settingsText(cell, ["seed"]), cell);
  }
  if (cells.size === 0) {
    const places = file.exclude.map(({ place }) => place()).join(", ");
    throw new SweepError(`Cannot run ${path} as it leaves no cell to run: see ${places}`);
  }
  for (const [key, { place }] of asked) {
    if (![...cells.values()].some((cell) => isUsed(key, cell))) {
      note(`${place()} has no effect: no run of this sweep uses ${key}`);
    }
  }
  return { cells: [...cells.values()], seeds: seeds.values.map(({ value }) => value as number) };
}

/** Fails before anything is made when it would be too much. */
function checkCount(
  { axes, zip, include, asked, seeds, sample }: {
    axes: Axes;
    zip: readonly Settings[];
    include: readonly SettingGroup[];
    asked: Axes;
    seeds: Axis;
    sample: Sample | null;
  },
  path: string,
): void {
  const ofGrid = Math.min(sizeOf(axes) * zip.length, sample?.n ?? Infinity);
  const runs = (ofGrid + sizeOf(asked) * include.length) * seeds.values.length;
  if (runs <= MOST_RUNS) return;
  const all = [...axes, ["seed", seeds] as const];
  const parts = all.filter(([, { values }]) => values.length > 1)
    .map(([key, { values }]) => `${values.length.toLocaleString("en-US")} of ${key}`);
  if (zip.length > 1) parts.push(`${zip.length.toLocaleString("en-US")} rows of zip`);
  const [, longest] = all.reduce((a, b) => b[1].values.length > a[1].values.length ? b : a);
  throw new SweepError(
    `Cannot plan ${path} as it has ${runs.toLocaleString("en-US")} runs, ${
      parts.join(" × ")
    }, and a ` +
      `sweep has at most ${MOST_RUNS.toLocaleString("en-US")}: give fewer values, first at ` +
      longest.place(),
  );
}

function sizeOf(axes: Axes): number {
  return gridSize([...axes.values()].map(({ values }) => values));
}

/** Draws of cells that are excluded or drawn already, one after the other, after which no more is drawn. */
const MOST_MISSES = 10_000;

/**
 * Cells of grid and zip that no pattern excludes, drawn without putting back. The first cells of a larger
 * sample are those of a smaller one. A grid may be larger than a sweep can run, so it is not made whole.
 */
function sampled(
  { set, axes, zip, exclude }: {
    set: Settings;
    axes: Axes;
    zip: readonly Settings[];
    exclude: readonly SettingGroup[];
  },
  { n, seed, place }: Sample,
  note: Note,
): RunConfig[] {
  const random = randomStream(seed, "sample");
  const size = sizeOf(axes) * zip.length;
  const cells = new Map<string, RunConfig>();
  const take = (point: Settings, row: Settings): boolean => {
    const cell = complete(set, point, row);
    const text = settingsText(cell, ["seed"]);
    if (cells.has(text) || exclude.some((pattern) => matches(cell, pattern))) return false;
    cells.set(text, cell);
    return true;
  };
  if (size <= MOST_RUNS) {
    const all = combinations(axes).flatMap((point) => zip.map((row) => [point, row] as const));
    for (const [point, row] of random.shuffle(all)) {
      if (cells.size === n) break;
      take(point, row);
    }
  } else {
    for (let misses = 0; cells.size < n && misses < MOST_MISSES;) {
      const point = new Map(
        [...axes].map(([key, { values }]) => [key, values[random.integer(values.length)]!.value]),
      );
      misses = take(point, zip[random.integer(zip.length)]!) ? 0 : misses + 1;
    }
  }
  if (cells.size < n) {
    note(`${place()} asks for ${n} cells and there are ${cells.size}: all are run`);
  }
  return [...cells.values()];
}

/** The rows of zipped axes, each once; one empty row where there is no axis. */
function rowsOf(zip: Axes, note: Note): Settings[] {
  const [first] = zip.values();
  if (first === undefined) return [new Map()];
  const rows = first.values.map((_, i) =>
    new Map([...zip].map(([key, { values }]) => [key, values[i]!.value]))
  );
  const different = new Map(rows.map((row) => [valueKey([...row]), row]));
  if (different.size < rows.length) {
    note(
      `${first.place().replace(/\.\w+$/, "")} has ${rows.length} rows, of which ` +
        `${different.size} are different; each of these is run once`,
    );
  }
  return [...different.values()];
}

/** A cell of `include` without what the command line says otherwise. */
function withoutAsked(group: SettingGroup, asked: Axes, note: Note): SettingGroup {
  const entries = new Map<SettingKey, Entry>();
  for (const [key, entry] of group.entries) {
    const axis = asked.get(key);
    if (axis === undefined) entries.set(key, entry);
    else note(`${axis.place()} takes the place of ${entry.place()}, ${textOf(entry.value)}`);
  }
  return { place: group.place, entries };
}

/** Every combination of the values of axes. */
function combinations(axes: Axes): Settings[] {
  const values = [...axes].map(([key, { values }]) => [key, values.map(({ value }) => value)]);
  return grid(Object.fromEntries(values) as Record<string, unknown[]>)
    .map((point) => new Map(Object.entries(point) as [SettingKey, unknown][]));
}

function valuesOf(entries: ReadonlyMap<SettingKey, Entry>): Settings {
  return new Map([...entries].map(([key, { value }]) => [key, value]));
}

const DEFAULTS = parseRunConfig({});

/**
 * A whole config of settings that are all checked; later ones win. Where held-out tasks are named and their
 * number is not, it is as many.
 */
function complete(...settings: readonly Settings[]): RunConfig {
  const config: Record<string, unknown> = { ...DEFAULTS };
  for (const some of settings) for (const [key, value] of some) config[key] = value;
  const { heldout_tasks, ...cell } = config as RunConfig;
  const isCounted = settings.some((some) => some.has("n_heldout_tasks"));
  return isCounted || heldout_tasks.length === 0
    ? config as RunConfig
    : { ...cell, heldout_tasks, n_heldout_tasks: heldout_tasks.length };
}

/** Whether a cell has all settings of a group, whether someone wrote them or they are defaults. */
export function matches(cell: RunConfig, { entries }: SettingGroup): boolean {
  for (const [key, { value }] of entries) {
    const own: unknown = cell[key];
    if (own !== value && valueKey(own) !== valueKey(value)) return false;
  }
  return true;
}

/** The cells that no pattern matches. */
function excluded(
  cells: readonly RunConfig[],
  patterns: readonly SettingGroup[],
  note: Note,
): RunConfig[] {
  let left = [...cells];
  for (const pattern of patterns) {
    const rest = left.filter((cell) => !matches(cell, pattern));
    if (rest.length === left.length) {
      const isLate = cells.some((cell) => matches(cell, pattern));
      const why = isLate ? "entries before it have left" : "the grid has";
      note(`${pattern.place()} excludes nothing: no cell that ${why} has its settings`);
    }
    left = rest;
  }
  return left;
}

/** Says where a cell of `include` does not name an axis, and so takes a value that nobody wrote. */
function noteDefaults({ place, entries }: SettingGroup, axes: Axes, note: Note): void {
  const absent = [...axes.keys()].filter((key) => !entries.has(key));
  if (absent.length === 0) return;
  const values = absent.map((key) => `${key} ${textOf(DEFAULTS[key])}`).join(", ");
  note(
    `${place()} does not name ${
      absent.join(", ")
    }, which other cells vary: it runs with the default, ` +
      values,
  );
}

/** Says where a cell is included and excluded. */
function noteContradiction(
  { place }: SettingGroup,
  cells: readonly RunConfig[],
  patterns: readonly SettingGroup[],
  note: Note,
): void {
  const pattern = patterns.find((pattern) => cells.some((cell) => matches(cell, pattern)));
  if (pattern === undefined) return;
  note(`${place()} is run although ${pattern.place()} matches it: exclude is about grid and zip`);
}

/** Settings with more than one value, in the order of tables. The seed is always among them. */
export function varyingKeys(cells: readonly RunConfig[]): SettingKey[] {
  return RUN_CONFIG_KEYS.filter((key) =>
    key === "seed" || new Set(cells.map((cell) => valueKey(cell[key]))).size > 1
  );
}
