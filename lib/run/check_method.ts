import type { RunConfig } from "./config.ts";

/**
 * Fails when a config asks for what its method does not have.
 *
 * @throws {RangeError} naming both settings
 */
export function checkMethod(config: RunConfig): void {
  const { method, adaptation, suite, n_splits, skill_form } = config;
  if (adaptation === "routing" && method !== "poly" && method !== "hyper") {
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
  if (skill_form !== "lora" && (method === "hyper" || method === "shared_equal_budget")) {
    throw new RangeError(
      `Cannot use skill_form "${skill_form}" as method "${method}" is defined for low-rank skills: ` +
        `set skill_form to "lora"`,
    );
  }
  if (skill_form === "sparse") checkSparse(config);
  if (config.monitor_gradient_alignment && !isMixtureOfFactors(config)) {
    throw new RangeError(
      `Cannot monitor gradient alignment as it compares merged low-rank factors, and ${
        skill_form === "lora" ? `method "${method}"` : `skill_form "${skill_form}"`
      } has none: set monitor_gradient_alignment to false`,
    );
  }
  if (method === "expert" && suite !== "skills" && suite !== "planted") {
    throw new RangeError(
      `Cannot use method "expert" as the true skills of suite "${suite}" are not known: ` +
        `use suite "skills" or "planted"`,
    );
  }
  if (method !== "poly" && n_splits !== 1) {
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
