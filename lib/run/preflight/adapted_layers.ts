import type { ModuleInfo } from "../../models/base_model.ts";
import { ia3Targets } from "../../poly/targets/default_targets.ts";
import {
  NoMatchingPeftModuleError,
  resolveTargets,
  type Targeted,
} from "../../poly/targets/target_modules.ts";
import type { RunConfig } from "../config.ts";

/** The parts of a base model that decide which of its layers get skills. */
export type AdaptedBase = Targeted;

/** A linear layer that gets skills. */
export interface AdaptedLayer {
  /** As in the base model. */
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
}

/** The layers that get skills, and what may not have been meant in their choice. */
export interface AdaptedLayers {
  readonly layers: readonly AdaptedLayer[];
  /** Entries of `target_modules` that name nothing, as sentences. */
  readonly warnings: readonly string[];
}

/**
 * The layers of a base model that the adapter of a run changes.
 *
 * @throws {RangeError} when there is none, a target is no linear layer, or `n_splits` does not divide the
 * features of one
 * @throws {SyntaxError} when a pattern is not valid
 */
export function adaptedLayers(
  { target_modules, base_model, n_splits, skill_form }: RunConfig,
  base: AdaptedBase,
): AdaptedLayers {
  const { modules, warnings } = targetsOf(target_modules, skill_form, base_model, base);
  const layers = modules.map(({ name, kind, inFeatures, outFeatures }) => {
    if (kind === "Linear") return { name, inFeatures: inFeatures!, outFeatures: outFeatures! };
    throw new RangeError(
      `Cannot adapt "${name}" of ${base_model} as only linear layers get skills: it is a ${kind}; ` +
        `set other target_modules`,
    );
  });
  const odd = layers.find(({ inFeatures, outFeatures }) =>
    inFeatures % n_splits !== 0 || outFeatures % n_splits !== 0
  );
  if (odd === undefined) return { layers, warnings };
  throw new RangeError(
    `Cannot route ${n_splits} splits as n_splits must divide the features of every layer: ` +
      `${odd.name} has ${odd.inFeatures} and ${odd.outFeatures}`,
  );
}

function targetsOf(
  target_modules: RunConfig["target_modules"],
  form: RunConfig["skill_form"],
  baseModel: string,
  base: AdaptedBase,
): { readonly modules: readonly ModuleInfo[]; readonly warnings: readonly string[] } {
  const given = target_modules === "default"
    ? form === "ia3" ? ia3Targets(base.identity.modelType) : null
    : target_modules;
  try {
    return resolveTargets(base, {
      target_modules: given === null || typeof given === "string" ? given : new Set(given),
      exclude_modules: null,
      modules_to_save: null,
      task_type: null,
    });
  } catch (error) {
    if (!(error instanceof NoMatchingPeftModuleError)) throw error;
    const linear = base.modules.filter(({ kind }) => kind === "Linear");
    throw new RangeError(
      `Cannot adapt ${baseModel} as target_modules ${
        JSON.stringify(target_modules)
      } names none of ` +
        `its linear layers: it has ` +
        [...new Set(linear.map(({ name }) => name.split(".").at(-1)))].join(", "),
    );
  }
}
