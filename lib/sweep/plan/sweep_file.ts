/** A sweep's file as it is written: its sections checked one by one, with the place of every entry. */
import { suggest } from "../../util/words.ts";
import { RUN_CONFIG_KEYS } from "../../run/config.ts";
import {
  type Axis,
  axisOf,
  checkKey,
  checkSetting,
  entriesOfText,
  type Note,
  type Place,
  type SettingGroup,
  type SettingKey,
  textOf,
} from "./setting.ts";
import { type EarlyStoppingSection, readEarlyStopping } from "./early_stopping_section.ts";
import { SweepError } from "./sweep_error.ts";
import { type Locate, readYaml, type YamlText } from "./yaml_text.ts";

/** What a sweep's file may say. */
export const FILE_KEYS = [
  "extends", // another file, which is read before: see extended.ts
  "question",
  "metric",
  "baseline",
  "primary",
  "margin",
  "set",
  "grid",
  "zip",
  "include",
  "exclude",
  "seeds",
  "sample",
  "early_stopping",
  "slurm", // how jobs are asked for, which no result depends on: see lib/slurm/settings.ts
] as const;

/** What a sweep's file says. Every value is one that a run takes. */
export interface SweepFile {
  readonly question: string;
  /** The column that orders tables; null where the file names none. */
  readonly metric: { readonly value: string; readonly place: Place } | null;
  /** Settings of the cell that differences are taken against; null where the file names none. */
  readonly baseline: SettingGroup | null;
  /** Cells whose comparison with the baseline is what the sweep is for; all others are exploratory. */
  readonly primary: readonly SettingGroup[];
  /** The smallest difference of interest, above 0; null where the file names none. */
  readonly margin: number | null;
  /** Settings of every cell. */
  readonly set: SettingGroup;
  /** Axes of which every combination is a cell. */
  readonly grid: ReadonlyMap<SettingKey, Axis>;
  /** Axes that move together: equally long, and no row twice. */
  readonly zip: ReadonlyMap<SettingKey, Axis>;
  /** Further cells. */
  readonly include: readonly SettingGroup[];
  /** Cells that are left out. */
  readonly exclude: readonly SettingGroup[];
  readonly seeds: Axis;
  /** How many of the cells of grid and zip are drawn, and from which seed; null for all of them. */
  readonly sample: Sample | null;
  /** How cells are stopped early; null where all are trained to their end. */
  readonly earlyStopping: EarlyStoppingSection | null;
}

/** A draw of cells. */
export interface Sample {
  /** Cells to draw; at least 1. */
  readonly n: number;
  /** Seed of the draw. */
  readonly seed: number;
  readonly place: Place;
}

type Path = readonly (string | number)[];

/**
 * Reads a sweep's file.
 *
 * @param text the YAML, as text or as read together with what it extends
 * @param path of the file, for messages
 * @param note called with every entry that has no effect
 * @throws {SweepError} when the text is no YAML, or a key or a value is wrong, or two sections speak of
 * one setting, naming file, line, column and key
 */
export function readSweepFile(text: string | YamlText, path: string, note: Note): SweepFile {
  const { value, locate } = typeof text === "string" ? readYaml(text, path) : text;
  const given = value ?? {};
  if (typeof given !== "object" || Array.isArray(given)) {
    throw new SweepError(
      `Cannot read ${locate([])} as a sweep must be a mapping of ${FILE_KEYS.join(", ")}`,
    );
  }
  const file = new Sections(given as Record<string, unknown>, locate, note);
  file.checkKeys();
  const [set, grid, zip] = [file.group(["set"]), file.axes("grid"), file.zip()];
  refuseTwoSections({ set: set.entries, grid, zip });
  const metric = file.text("metric");
  return {
    question: file.text("question") ?? "",
    metric: metric === null ? null : { value: metric, place: () => locate(["metric"]) },
    baseline: file.baseline(),
    primary: file.primary(),
    margin: file.margin(),
    set,
    grid,
    zip,
    include: file.groups("include"),
    exclude: file.groups("exclude"),
    seeds: file.seeds(),
    sample: file.sample(),
    earlyStopping: readEarlyStopping(file.given.early_stopping, locate),
  };
}

/** Reads one section after the other. */
class Sections {
  constructor(
    readonly given: Readonly<Record<string, unknown>>,
    readonly locate: Locate,
    readonly note: Note,
  ) {}

  checkKeys(): void {
    if (Object.hasOwn(this.given, "extends")) {
      throw new SweepError(
        `Cannot read ${this.locate(["extends"])} as a text that is of no file extends none`,
      );
    }
    for (const key of Object.keys(this.given)) {
      if ((FILE_KEYS as readonly string[]).includes(key)) continue;
      const isSetting = key !== "seed" && (RUN_CONFIG_KEYS as readonly string[]).includes(key);
      const hint = isSetting ? `; it is a setting: write it under set` : suggest(key, FILE_KEYS);
      throw new SweepError(`Cannot read ${this.locate([key])}: unknown key${hint}`);
    }
  }

  /** A text without blanks around it; null where there is none. */
  text(key: string): string | null {
    const value = this.given[key] ?? null;
    if (value === null) return null;
    if (typeof value !== "string") {
      throw new SweepError(`Cannot read ${this.locate([key])} as it must be a string`);
    }
    return value.trim() === "" ? null : value.trim();
  }

  group(path: Path, value: unknown = this.given[path[0]!]): SettingGroup {
    const entries = Object.entries(this.#mapping(path, value)).map(([key, value]) => {
      const place = () => this.locate([...path, key]);
      return [key as SettingKey, checkSetting(key as SettingKey, value, place)] as const;
    });
    return { place: () => this.locate(path), entries: new Map(entries) };
  }

  /** A list of groups, none of them empty. */
  groups(key: "include" | "exclude" | "primary"): SettingGroup[] {
    const found = this.given[key] ?? [];
    if (!Array.isArray(found)) {
      throw new SweepError(`Cannot read ${this.locate([key])} as it must be a list of settings`);
    }
    return found.map((value, i) => this.#named(this.group([key, i], value)));
  }

  baseline(): SettingGroup | null {
    return (this.given.baseline ?? null) === null ? null : this.#named(this.group(["baseline"]));
  }

  primary(): SettingGroup[] {
    const primary = this.groups("primary");
    if (primary.length === 0 || (this.given.baseline ?? null) !== null) return primary;
    throw new SweepError(
      `Cannot read ${
        this.locate(["primary"])
      } as these settings are compared with the baseline, and ` +
        `there is none: write baseline beside it`,
    );
  }

  margin(): number | null {
    const margin = this.given.margin ?? null;
    if (margin === null || typeof margin === "number" && margin > 0 && margin < Infinity) {
      return margin;
    }
    throw new SweepError(
      `Cannot read ${
        this.locate(["margin"])
      } as the smallest difference of interest must be a number ` +
        `above 0: got ${textOf(margin)}`,
    );
  }

  axes(section: "grid" | "zip"): Map<SettingKey, Axis> {
    return new Map(
      [...this.#columns(section)].map((
        [key, { place, values }],
      ) => [key, axisOf(key, place, values, this.note)]),
    );
  }

  zip(): Map<SettingKey, Axis> {
    const columns = this.#columns("zip");
    const place = () => this.locate(["zip"]);
    if (new Set([...columns.values()].map(({ values }) => values.length)).size > 1) {
      throw new SweepError(
        `Cannot read ${place()} as its axes move together and must be equally long: ` +
          [...columns].map(([key, { values }]) => `${key} has ${values.length}`).join(", "),
      );
    }
    return columns;
  }

  seeds(): Axis {
    const place = () => this.locate(["seeds"]);
    const given = this.given.seeds ?? 0;
    const entries = typeof given === "string"
      ? entriesOfText("seed", given, place)
      : [given].flat().map((value) => checkSetting("seed", value, place));
    if (entries.length > 0) return axisOf("seed", place, entries, this.note);
    throw new SweepError(`Cannot read ${place()} as there must be a seed: write seeds: [0]`);
  }

  sample(): Sample | null {
    const given = this.given.sample ?? null;
    if (given === null) return null;
    const place = () => this.locate(["sample"]);
    if (typeof given !== "object" || Array.isArray(given)) {
      throw new SweepError(`Cannot read ${place()} as it must be written { n: 20, seed: 0 }`);
    }
    const { n, seed = 0, ...others } = given as Record<string, unknown>;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) {
      throw new SweepError(
        `Cannot read ${this.locate(["sample", unknown])}: unknown key${
          suggest(unknown, ["n", "seed"])
        }`,
      );
    }
    if (!Number.isSafeInteger(n) || (n as number) < 1) {
      throw new SweepError(
        `Cannot read ${place()} as n must be a number of cells, at least 1: got ${textOf(n)}`,
      );
    }
    if (!Number.isSafeInteger(seed)) {
      throw new SweepError(
        `Cannot read ${this.locate(["sample", "seed"])} as it must be an integer: got ${
          textOf(seed)
        }`,
      );
    }
    return { n: n as number, seed: seed as number, place };
  }

  /** The axes of a section as they are written, with what is there twice. */
  #columns(section: "grid" | "zip"): Map<SettingKey, Axis> {
    return new Map(
      Object.entries(this.#mapping([section], this.given[section])).map(([name, values]) => {
        const key = name as SettingKey;
        const place = () => this.locate([section, key]);
        if (typeof values === "string") {
          return [key, { place, values: entriesOfText(key, values, place) }];
        }
        if (Array.isArray(values) && values.length > 0) {
          const entries = values.map((value, i) =>
            checkSetting(key, value, () => this.locate([section, key, i]))
          );
          return [key, { place, values: entries }];
        }
        throw new SweepError(
          `Cannot read ${place()} as an axis must be a list of values, or a range such as 0..4`,
        );
      }),
    );
  }

  /** An object whose keys are all settings of a cell. */
  #mapping(path: Path, value: unknown): Record<string, unknown> {
    if (value === undefined || value === null) return {};
    if (typeof value !== "object" || Array.isArray(value)) {
      throw new SweepError(`Cannot read ${this.locate(path)} as it must map settings to values`);
    }
    for (const [key, of] of Object.entries(value)) {
      const place = () => this.locate([...path, key]);
      if (key === "seed") {
        const seeds = textOf([of].flat());
        throw new SweepError(
          `Cannot read ${place()} as seeds are the same for all cells: write seeds: ${seeds} ` +
            `beside set and grid`,
        );
      }
      if ((FILE_KEYS as readonly string[]).includes(key)) {
        throw new SweepError(`Cannot read ${place()} as ${key} is no setting: write it at the top`);
      }
      checkKey(key, place);
    }
    return value as Record<string, unknown>;
  }

  #named(group: SettingGroup): SettingGroup {
    if (group.entries.size > 0) return group;
    throw new SweepError(`Cannot read ${group.place()} as it must name a setting`);
  }
}

/** Fails when two sections give one setting to the same cells: one of them would have no effect. */
function refuseTwoSections(
  sections: Readonly<Record<string, ReadonlyMap<SettingKey, { readonly place: Place }>>>,
): void {
  const places = new Map<SettingKey, Place>();
  for (const section of Object.values(sections)) {
    for (const [key, { place }] of section) {
      const other = places.get(key);
      if (other === undefined) places.set(key, place);
      else {
        throw new SweepError(
          `Cannot read ${place()} as ${other()} gives ${key} to the same cells: remove one of them`,
        );
      }
    }
  }
}
