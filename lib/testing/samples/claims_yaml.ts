/** A file of claims for tests: one suite of numbers and, one by one, the claims asked of it. */

/** What comes before the claims. Each part is YAML in one line. */
export function claimsHead(
  { set, tune, modes }: {
    /** Settings of the suite. */
    readonly set: string;
    /** The settings that are tuned. */
    readonly tune: string;
    /** Modes by name. */
    readonly modes: string;
  },
): string {
  return `\
alpha: 0.05
power: 0.8
first_seed: 100
suites:
  numbers:
    says: Tasks of numbers.
    set: ${set}
    metric: heldout_loss
    margin: 0.1
    tuning_seeds: [0, 1]
    tune: ${tune}
modes: ${modes}
claims:
`;
}

/** C1, primary: learned routing is better than one adapter. */
export const ROUTING_IS_BETTER = `\
  - id: C1
    says: routing beats one adapter
    source: table 1
    paper: +3.1 points
    tier: primary
    asks: superiority
    sides:
      - { name: poly, weight: 1, set: { method: poly } }
      - { name: shared, weight: -1, set: { method: shared } }
    on: { numbers: {} }
`;

/** C2: the average of the skills is as good as their routing. */
export const averageIsAsGood = (tier: "primary" | "exploratory") =>
  `\
  - id: C2
    says: the average is as good
    source: table 2
    paper: about equal
    tier: ${tier}
    asks: equivalence
    sides:
      - { name: average, weight: 1, set: { method: poly, adaptation: average } }
      - { name: poly, weight: -1, set: { method: poly } }
    on: { numbers: {} }
`;
