import { readSettings } from "../poly/settings.ts";
import { heldoutRouting, mixesSkills } from "./heldout_routing.ts";
import { GENERATED_SUITES, type RunConfig } from "./config.ts";

/**
 * Fails when a config asks for what its method does not have.
 *
 * @throws {RangeError} naming both settings
 */
export function checkMethod(config: RunConfig): void {
  const {
    method,
    adaptation,
    adaptation_routing,
    average_steps,
    suite,
    n_splits,
    teacher_n_splits,
    skill_form,
    composition,
  } = config;
  const { n_tasks: T, n_skills: S, router_noise, router_straight_through } = config;
  const { router_shared_skill, router_normalization } = config;
  if (router_normalization === "l2_norm") {
    // One door refuses what cannot go with it.
    readSettings(
      { router_noise, router_straight_through, router_shared_skill, router_normalization },
      T,
      S,
    );
  }
  const sumsProducts = composition === "products" && mixesSkills(config);
  if (sumsProducts && n_splits !== 1) {
    throw new RangeError(
      `Cannot use composition "products" with n_splits ${n_splits} as the product of two splits has no ` +
        `weight of its own: set n_splits to 1, or composition to "factors"`,
    );
  }
  if (sumsProducts && (adaptation === "average" || average_steps > 0)) {
    throw new RangeError(
      `Cannot average the skills of composition "products" as the average of products of A and B is ` +
        `no single skill: set composition to "factors", or adapt otherwise`,
    );
  }
  if (adaptation === "routing" && heldoutRouting(config) !== "learned") {
    if (adaptation_routing === "uniform") {
      throw new RangeError(
        `Cannot adapt by routing alone as adaptation_routing must be "method" or "learned": ` +
          `got "uniform", which mixes all skills alike`,
      );
    }
    throw new RangeError(
      `Cannot adapt by routing alone as method "${method}" learns no routing: ` +
        `set adaptation to "full", or method to "poly"`,
    );
  }
  if (adaptation === "average" && (method === "hyper" || method === "full")) {
    throw new RangeError(
      `Cannot adapt the average of skills as method "${method}" has none to average: ` +
        `set adaptation to "full", or method to "poly"`,
    );
  }
  if (adaptation === "soup" && method !== "private") {
    throw new RangeError(
      `Cannot adapt from a soup as it is made of private adapters, and method is "${method}": ` +
        `set method to "private", or adaptation to "average"`,
    );
  }
  if (average_steps > 0 && adaptation !== "none" && adaptation !== "average") {
    throw new RangeError(
      `Cannot adapt the averaged skills of average_steps ${average_steps} as adaptation must be "none" ` +
        `or "average", for there is one skill left: got "${adaptation}"`,
    );
  }
  if ((method === "hyper" || method === "full") && average_steps > 0) {
    throw new RangeError(
      `Cannot average skills as method "${method}" has none: set average_steps to 0`,
    );
  }
  if (skill_form !== "lora" && (method === "hyper" || method === "shared_equal_budget")) {
    throw new RangeError(
      `Cannot use skill_form "${skill_form}" as method "${method}" is defined for low-rank skills: ` +
        `set skill_form to "lora"`,
    );
  }
  if (skill_form === "sparse") checkSparse(config);
  if (config.monitor_gradient_alignment && (method === "full" || skill_form !== "lora")) {
    throw new RangeError(
      `Cannot monitor gradient alignment as it needs frozen weights that updates are added to, and ${
        skill_form === "lora" ? `method "${method}"` : `skill_form "${skill_form}"`
      } has none: set monitor_gradient_alignment to false`,
    );
  }
  if (method === "hyper" && adaptation_routing === "uniform") {
    throw new RangeError(
      `Cannot mix skills alike as method "hyper" generates them from an embedding of the task: ` +
        `set adaptation_routing to "method"`,
    );
  }
  if (method === "expert" && !GENERATED_SUITES.includes(suite)) {
    throw new RangeError(
      `Cannot use method "expert" as the true skills of suite "${suite}" are not known: ` +
        `use suite "skills", "words" or "planted"`,
    );
  }
  if (method === "expert" && suite === "planted" && teacher_n_splits !== 1) {
    throw new RangeError(
      `Cannot use method "expert" as it has one allocation for all splits and the teacher one for each ` +
        `of ${teacher_n_splits}: set teacher_n_splits to 1`,
    );
  }
  if (method !== "poly" && method !== "random" && n_splits !== 1) {
    throw new RangeError(
      `Cannot use n_splits ${n_splits} as method "${method}" routes every split alike: set n_splits to 1`,
    );
  }
}

/** Refuses what skills with masks of their own cannot do. */
function checkSparse(
  { method, adaptation, n_splits, skill_density, sparse_mask }: RunConfig,
): void {
  if (method === "full") return;
  if (n_splits !== 1) {
    throw new RangeError(
      `Cannot use n_splits ${n_splits} as sparse skills have no splits: set n_splits to 1`,
    );
  }
  if (skill_density === 1) return;
  if (adaptation === "average") {
    throw new RangeError(
      `Cannot adapt the average of sparse skills as each has a mask of its own: ` +
        `set adaptation to "full", or skill_density to 1`,
    );
  }
  if (method === "private" && sparse_mask === "change") {
    throw new RangeError(
      `Cannot use method "private" as a held-out task starts afresh, without first steps that choose a ` +
        `mask: set sparse_mask to "random", or skill_density to 1`,
    );
  }
}

/** Whether a task's update is low-rank factors that are averages of skills. */
function isMixtureOfFactors({ method, skill_form }: RunConfig): boolean {
  return method !== "full" && method !== "hyper" && skill_form === "lora";
}

/**
 * Fails when the adapter of a run cannot be kept.
 *
 * @throws {RangeError} naming the setting
 */
export function checkAdapterOutput(config: RunConfig): void {
  const { method, skill_form, router_straight_through, router_normalization, composition } = config;
  if (skill_form === "ia3" && method === "shared") return; // PEFT's (IA)³
  if (!isMixtureOfFactors(config)) {
    throw new RangeError(
      `Cannot keep the adapter of a run with ${
        method === "full" || method === "hyper" ? `method ${method}` : `skill_form ${skill_form}`
      } as PEFT's Poly format has no place for it: leave out --adapters`,
    );
  }
  const changed = router_straight_through
    ? ["router_straight_through", "routing is rounded", "false"]
    : router_normalization !== "sum"
    ? ["router_normalization", "weights do not sum to 1", `"sum"`]
    : composition !== "factors"
    ? ["composition", "products of A and B are summed", `"factors"`]
    : null;
  if (changed === null) return;
  const [setting, what, value] = changed;
  throw new RangeError(
    `Cannot keep the adapter of a run with ${setting} as PEFT's format cannot say that ` +
      `${what}: leave out --adapters, or set ${setting} to ${value}`,
  );
}
