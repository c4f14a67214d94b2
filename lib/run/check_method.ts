import { readSettings } from "../poly/settings.ts";
import type { RunConfig } from "./config.ts";
import { heldoutRouting, mixesSkills } from "./heldout_routing.ts";

/**
 * Fails when a config asks for what its method does not have.
 *
 * @throws {RangeError} naming both settings
 */
export function checkMethod(config: RunConfig): void {
  const { method, adaptation, adaptation_routing, average_steps, suite, n_splits, composition } =
    config;
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
  if (method === "expert" && suite !== "skills" && suite !== "planted") {
    throw new RangeError(
      `Cannot use method "expert" as the true skills of suite "${suite}" are not known: ` +
        `use suite "skills" or "planted"`,
    );
  }
  if (method !== "poly" && method !== "random" && n_splits !== 1) {
    throw new RangeError(
      `Cannot use n_splits ${n_splits} as method "${method}" routes every split alike: set n_splits to 1`,
    );
  }
}

/**
 * Fails when the adapter of a run cannot be kept.
 *
 * @throws {RangeError} naming the setting
 */
export function checkAdapterOutput(
  { router_straight_through, router_normalization, composition }: RunConfig,
): void {
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
