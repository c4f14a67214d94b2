/** Features in, hidden and out of the planted base model: n_splits must divide them. */
export const PLANTED_FEATURES = 16;

/** The linear layers of the planted base model. */
export const PLANTED_LAYERS: readonly {
  readonly name: string;
  readonly inFeatures: number;
  readonly outFeatures: number;
}[] = ["layers.0", "layers.2"].map((name) => ({
  name,
  inFeatures: PLANTED_FEATURES,
  outFeatures: PLANTED_FEATURES,
}));
