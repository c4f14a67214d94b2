/**
 * One entry of a model's module tree, named as PyTorch's `named_modules()` names it. Adapters choose
 * their targets among these.
 */
export interface ModuleInfo {
  /** The full dotted name, such as `encoder.block.0.layer.0.SelfAttention.q`. */
  readonly name: string;
  /** The PyTorch class, such as `Linear`, `Embedding`, `T5LayerNorm` or `ModuleList`. */
  readonly kind: string;
  /** For `Linear`: the size of the last axis that goes in. */
  readonly inFeatures?: number;
  /** For `Linear`: the size of the last axis that comes out. */
  readonly outFeatures?: number;
}
