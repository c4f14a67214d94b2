import type { RunConfig } from "./config.ts";
import { heldoutRouting } from "./heldout_routing.ts";

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
  } = config;
  if (adaptation === "routing" && heldoutRouting(config) !== "learned") {
    if (adaptation_routing === "uniform") {
      throw new RangeError(
        `Cannot adapt by routing alone as adaptation_routing must be "method" or "learned": ` +
          `got "uniform", which mixes all skills alike`,
      );
    }
    throw new RangeError(
      `Cannot adapt by routing alone as method "${method}" learns no routing: ` +
        `set adaptation to "full", or method to "poly" or "hyper"`,
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
  if (method === "expert" && suite !== "skills" && suite !== "planted") {
    throw new RangeError(
      `Cannot use method "expert" as the true skills of suite "${suite}" are not known: ` +
        `use suite "skills" or "planted"`,
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
  const { method, skill_form, router_straight_through } = config;
  if (skill_form === "ia3" && method === "shared") return; // PEFT's (IA)³
  if (!isMixtureOfFactors(config)) {
    throw new RangeError(
      `Cannot keep the adapter of a run with ${
        method === "full" || method === "hyper" ? `method ${method}` : `skill_form ${skill_form}`
      } as PEFT's Poly format has no place for it: leave out --adapters`,
    );
  }
  if (!router_straight_through) return;
  throw new RangeError(
    `Cannot keep the adapter of a run with router_straight_through as PEFT's format cannot say that ` +
      `routing is rounded: leave out --adapters, or set router_straight_through to false`,
  );
}
