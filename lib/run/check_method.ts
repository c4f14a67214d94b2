import { GENERATED_SUITES, type RunConfig } from "./config.ts";

/**
 * Fails when a config asks for what its method does not have.
 *
 * @throws {RangeError} naming both settings
 */
export function checkMethod(config: RunConfig): void {
  const { method, adaptation, suite, n_splits } = config;
  if (adaptation === "routing" && method !== "poly") {
    throw new RangeError(
      `Cannot adapt by routing alone as method "${method}" learns no routing: ` +
        `set adaptation to "full", or method to "poly"`,
    );
  }
  if (method === "expert" && !GENERATED_SUITES.includes(suite)) {
    throw new RangeError(
      `Cannot use method "expert" as the true skills of suite "${suite}" are not known: ` +
        `use suite "skills", "words" or "planted"`,
    );
  }
  if (method !== "poly" && n_splits !== 1) {
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
export function checkAdapterOutput({ router_straight_through }: RunConfig): void {
  if (!router_straight_through) return;
  throw new RangeError(
    `Cannot keep the adapter of a run with router_straight_through as PEFT's format cannot say that ` +
      `routing is rounded: leave out --adapters, or set router_straight_through to false`,
  );
}
