/**
 * Decides which modules of a model an adapter changes, by PEFT's rules. A pattern must match a
 * whole name, an entry of a list a whole name or its dotted end.
 */
import { escaped } from "../../files/escaped.ts";
import type { BaseModel, ModuleInfo } from "../../models/base_model.ts";
import { defaultTargets } from "./default_targets.ts";
import { MIN_TARGETS_TO_CONDENSE, minimalTargets, suffixesOf } from "./minimal_targets.ts";
import { pythonList } from "../../util/python_list.ts";
import { pythonRegExp } from "./python_regexp.ts";

/** Thrown when a config targets no module that can be adapted. */
export class NoMatchingPeftModuleError extends RangeError {
  /** The name of the class. */
  override readonly name = "NoMatchingPeftModuleError";
}

/** A name, a pattern for whole names, or a set of names and their dotted endings. */
type Names = string | ReadonlySet<string> | null;

/** The fields of a configuration that decide what is targeted. */
export interface TargetFields {
  /** Modules to adapt; null means the architecture's default, `"all-linear"` every linear layer. */
  readonly target_modules: Names;
  /** Modules to leave out of the targets. */
  readonly exclude_modules: Names;
  /** Modules that are trained and saved as a whole, and therefore not adapted. */
  readonly modules_to_save: readonly string[] | null;
  /** Task type of the model; `"SEQ_CLS"` keeps its head out of `"all-linear"`. */
  readonly task_type: string | null;
}

/** The modules that a configuration targets in one model. */
export interface Targets {
  /** Resolved `target_modules`, as PEFT writes them back into the configuration. */
  readonly targetModules: string | ReadonlySet<string>;
  /** The modules to adapt, in the order of the model. */
  readonly modules: readonly ModuleInfo[];
  /** Warnings about entries that the user may not have meant. */
  readonly warnings: readonly string[];
}

/** The parts of a base model that decide what is targeted. */
export type Targeted = Pick<BaseModel, "modules" | "outputEmbedding"> & {
  readonly identity: { readonly modelType: string };
};

/** PEFT's name that targets nothing and is not an error. */
export const NO_TARGETS = "dummy-target-modules";
const SEQ_CLS_HEADS = ["score", "classifier"];

/**
 * The modules of a model that an adapter changes.
 *
 * Source: tuners/tuners_utils.py of PEFT, `inject_adapter`. Differs: warns about each entry of a
 * list that matches nothing.
 *
 * @throws {RangeError} when the architecture has no default targets
 * @throws {NoMatchingPeftModuleError} when no module is targeted
 * @throws {SyntaxError} when a pattern is not valid
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const modules = ["h.0.q", "h.0.v", "lm_head"].map((name) => ({ name, kind: "Linear" }));
 * const base = { identity: { modelType: "t5" }, modules, outputEmbedding: "lm_head" };
 * const none = { exclude_modules: null, modules_to_save: null, task_type: null };
 * const { targetModules } = resolveTargets(base, { target_modules: "all-linear", ...none });
 * assert.deepEqual(targetModules, new Set(["h.0.q", "h.0.v"]));
 * ```
 */
export function resolveTargets(base: Targeted, given: TargetFields): Targets {
  if (given.target_modules === NO_TARGETS) {
    return { targetModules: NO_TARGETS, modules: [], warnings: [] };
  }
  const names = base.modules.map(({ name }) => name);
  const targetModules = expand(base, given, names);
  const { exclude_modules, modules_to_save, task_type } = given;
  const config = { target_modules: targetModules, exclude_modules, modules_to_save, task_type };
  const decide = decisions(config);
  const decided = base.modules.map((module) => ({ module, decision: decide(module.name) }));
  const all = (wanted: Decision) =>
    decided.filter(({ decision }) => decision === wanted).map(({ module }) => module);
  const modules = all("targeted");
  const excluded = all("excluded");
  if (modules.length === 0) {
    throw new NoMatchingPeftModuleError(
      nothingTargeted(config, excluded.length > 0, all("unmatched").length > 0),
    );
  }
  return { targetModules, modules, warnings: warningsOf(given, modules, excluded) };
}

type Decision = "targeted" | "excluded" | "unmatched";

/**
 * Decides on each name: excluded, inside a saved module, targeted, or none of these.
 *
 * Source: tuners/tuners_utils.py of PEFT, `check_target_module_exists`
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const decide = decisions({
 *   target_modules: new Set(["q"]),
 *   exclude_modules: "decoder.*",
 *   modules_to_save: null,
 *   task_type: null,
 * });
 * assert.equal(decide("encoder.q"), "targeted");
 * assert.equal(decide("decoder.q"), "excluded");
 * assert.equal(decide("encoder.xq"), "unmatched");
 * ```
 */
export function decisions(config: TargetFields): (name: string) => Decision {
  const isExcluded = config.exclude_modules === null ? () => false : match(config.exclude_modules);
  const isTargeted = config.target_modules === null ? () => false : match(config.target_modules);
  const saved = (config.modules_to_save ?? []).map((module) =>
    pythonRegExp(`(^|.*\\.)${module}($|\\..*)`, false)
  );
  return (name) => {
    if (isExcluded(name) || saved.some((pattern) => pattern.test(name))) return "excluded";
    return isTargeted(name) ? "targeted" : "unmatched";
  };
}

/**
 * Makes a test for names: a string is a pattern for the whole name, a list holds names and
 * suffixes.
 */
function match(wanted: string | ReadonlySet<string>): (name: string) => boolean {
  if (typeof wanted === "string") {
    if (wanted === "") return (name) => name === "";
    const pattern = pythonRegExp(wanted);
    return (name) => pattern.test(name);
  }
  return (name) => suffixesOf(name).some((suffix) => wanted.has(suffix));
}

/** Fills in defaults and `"all-linear"`, and condenses long lists. */
function expand(
  base: Targeted,
  config: TargetFields,
  names: readonly string[],
): string | ReadonlySet<string> {
  let targets = config.target_modules ?? defaultTargets(base.identity.modelType);
  if (typeof targets === "string") {
    if (targets.toLowerCase() !== "all-linear") return targets;
    targets = allLinear(base, config);
  }
  const wanted = new Set(targets);
  if (wanted.size < MIN_TARGETS_TO_CONDENSE) return wanted;
  const isWanted = match(wanted);
  const others = names.filter((name) => !isWanted(name));
  const minimal = minimalTargets(wanted, others);
  return minimal.size < wanted.size ? minimal : wanted;
}

/** Source: tuners/tuners_utils.py of PEFT, `_maybe_include_all_linear_layers` */
function allLinear(base: Targeted, config: TargetFields): Set<string> {
  const linear = new Set(
    base.modules.filter(({ kind }) => kind === "Linear").map(({ name }) => name),
  );
  if (base.outputEmbedding !== null) linear.delete(base.outputEmbedding);
  else if (config.task_type === "SEQ_CLS" && base.identity.modelType !== "custom") {
    const head = SEQ_CLS_HEADS.find((head) => base.modules.some(({ name }) => name === head));
    if (head !== undefined) linear.delete(head);
  }
  return linear;
}

function nothingTargeted(config: TargetFields, excluded: boolean, unmatched: boolean): string {
  if (excluded && !unmatched) {
    return "All modules were excluded. This is likely unintended. " +
      "Check your `target_modules`, `exclude_modules` and `modules_to_save` configuration.";
  }
  if (!excluded && unmatched) {
    return isEmpty(config.target_modules)
      ? "No `target_modules` passed but also no `target_parameters` found. " +
        "Please check the values for these arguments."
      : `Target modules ${escaped(shown(config.target_modules))} not found in the base model. ` +
        "Please check the target modules and try again.";
  }
  return "No modules were targeted for adaptation. This might be caused by a combination of " +
    "mismatched target modules and excluded modules. Please check your `target_modules` and " +
    "`exclude_modules` configuration. You may also have only targeted modules that are marked " +
    "to be saved (`modules_to_save`).";
}

function warningsOf(
  given: TargetFields,
  targeted: readonly ModuleInfo[],
  excluded: readonly ModuleInfo[],
): string[] {
  const warnings: string[] = [];
  if (!isEmpty(given.exclude_modules) && excluded.length === 0) {
    warnings.push(
      `You have passed exclude_modules=${shown(given.exclude_modules)} but no modules were ` +
        "excluded. Please check that exclude_modules was set correctly.",
    );
  }
  if (given.target_modules !== null && typeof given.target_modules !== "string") {
    const endings = new Set(targeted.flatMap(({ name }) => suffixesOf(name)));
    for (const entry of given.target_modules) {
      if (!endings.has(entry)) {
        warnings.push(`The entry '${entry}' of target_modules matched no module.`);
      }
    }
  }
  return warnings;
}

function isEmpty(names: string | ReadonlySet<string> | null): boolean {
  return names === null || (typeof names === "string" ? names === "" : names.size === 0);
}

/** Names as Python prints them, with those of a set sorted. */
function shown(names: string | ReadonlySet<string> | null): string {
  if (names === null || typeof names === "string") return names ?? "None";
  return `{${pythonList([...names].sort()).slice(1, -1)}}`;
}
