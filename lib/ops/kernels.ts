/**
 * The contract of every fused kernel: a whole operation that a backend may compute at once. An
 * operation of `lib/ops` runs its kernel by `runKernel` of fused.ts where the running backend, a
 * folder of `lib/backend`, has it. Elsewhere the operation is a composition of plain tensor
 * operations: its definition, with which all kernels are compared.
 *
 * Tensors are float32, dense and row-major unless a kernel says otherwise; none is empty. A kernel
 * whose name holds `Grad` computes gradients: `dy` is the gradient of the output, `dx` that of x.
 *
 * @module
 */
import type * as tf from "../tf.ts";

/** The inputs, attributes and outputs of each kernel, by its name. */
export interface Kernels {
  /** y = x / √(mean(x²) + ε) · w over the last axis. Defined by `rmsNorm` of rms_norm.ts. */
  RmsNorm: {
    inputs: {
      /** Shape `[B, L, D]`. */
      x: tf.Tensor3D;
      /** Shape `[D]`. */
      weight: tf.Tensor1D;
    };
    attrs: { epsilon: number };
    outputs: [y: tf.Tensor3D];
  };

  /** The gradient of x of `RmsNorm`, shape `[B, L, D]`; `dy` has it too. */
  RmsNormGrad: {
    inputs: { dy: tf.Tensor3D; x: tf.Tensor3D; weight: tf.Tensor1D };
    attrs: { epsilon: number };
    outputs: [dx: tf.Tensor3D];
  };

  /** The gradient of the weight of `RmsNorm`, shape `[D]`. */
  RmsNormGradWeight: {
    inputs: { dy: tf.Tensor3D; x: tf.Tensor3D };
    attrs: { epsilon: number };
    outputs: [dWeight: tf.Tensor1D];
  };

  /**
   * y = x · σ(linear · x + cubic · x³) · gate, elementwise: SiLU, the quick GELU and the GELU of tanh,
   * gated. Defined by `gatedActivation` of activation.ts.
   */
  Gate: {
    /** Both inputs and y have the same shape. */
    inputs: { x: tf.Tensor; gate: tf.Tensor };
    attrs: { linear: number; cubic: number };
    outputs: [y: tf.Tensor];
  };

  /** The gradients of both inputs of `Gate`, each in the shape of its input. */
  GateGrad: {
    inputs: { dy: tf.Tensor; x: tf.Tensor; gate: tf.Tensor };
    attrs: { linear: number; cubic: number };
    outputs: [dx: tf.Tensor, dGate: tf.Tensor];
  };

  /**
   * softmax(scale · q·kᵀ + bias + forbidden · (1 − mask)) · v; exactly 0 for a query whose mask is 0
   * throughout. Defined by `attention` of attention.ts. Letters: `B` rows, `N` heads, `Lq` and `Lk`
   * positions, `Dh` features of a head.
   */
  Attention: {
    inputs: {
      /** Shape `[B, N, Lq, Dh]`. */
      query: tf.Tensor4D;
      /** Shape `[B, N, Lk, Dh]`. */
      key: tf.Tensor4D;
      /** Shape `[B, N, Lk, Dh]`. */
      value: tf.Tensor4D;
      /** Four axes, of which the first three broadcast to `[B, N, Lq, Lk]`. */
      bias?: tf.Tensor4D | undefined;
      /** Mask of 0 and 1; may have the shapes that a bias may have. */
      mask?: tf.Tensor4D | undefined;
    };
    attrs: {
      scale: number;
      /** Number added to a score where the mask is 0. */
      forbidden: number;
      /** Whether the attention weights are returned as the second output, for a backward pass. */
      keep: boolean;
      /** The shape of the bias, for its gradient; a kernel reads it from the bias. */
      biasShape: tf.Tensor4D["shape"] | undefined;
    };
    /** Shapes `[B, N, Lq, Dh]` and `[B, N, Lq, Lk]`. */
    outputs: [seen: tf.Tensor4D, weights?: tf.Tensor4D];
  };

  /** The gradients of query, key and value of `Attention`, each of the input's shape. */
  AttentionGrad: {
    inputs: {
      dy: tf.Tensor4D;
      query: tf.Tensor4D;
      key: tf.Tensor4D;
      value: tf.Tensor4D;
      /** The second output of `Attention`. */
      weights: tf.Tensor4D;
    };
    attrs: { scale: number };
    outputs: [dQuery: tf.Tensor4D, dKey: tf.Tensor4D, dValue: tf.Tensor4D];
  };

  /** The gradient of the bias of `Attention`; apart from the others, as a bias is mostly frozen. */
  AttentionGradBias: {
    inputs: { dy: tf.Tensor4D; value: tf.Tensor4D; weights: tf.Tensor4D };
    attrs: {
      /** Shape of the bias; the gradient is summed over the axes that broadcast. */
      shape: tf.Tensor4D["shape"];
    };
    outputs: [dBias: tf.Tensor4D];
  };

  /**
   * `Attention` whose queries, keys and values have the features of all heads side by side, `[B, L, N·Dh]`,
   * and so has what is seen. Defined by `attentionOfRows` of attention.ts.
   */
  AttentionOfRows: {
    inputs: {
      query: tf.Tensor3D;
      key: tf.Tensor3D;
      value: tf.Tensor3D;
      /** As of `Attention`. */
      bias?: tf.Tensor4D | undefined;
      mask?: tf.Tensor4D | undefined;
    };
    /** With the number of heads N. */
    attrs: Kernels["Attention"]["attrs"] & { heads: number };
    /** Shapes `[B, Lq, N·Dh]` and `[B, N, Lq, Lk]`. */
    outputs: [seen: tf.Tensor3D, weights?: tf.Tensor4D];
  };

  /** `AttentionGrad` of `AttentionOfRows`. */
  AttentionOfRowsGrad: {
    inputs: {
      dy: tf.Tensor3D;
      query: tf.Tensor3D;
      key: tf.Tensor3D;
      value: tf.Tensor3D;
      weights: tf.Tensor4D;
    };
    attrs: Kernels["AttentionGrad"]["attrs"];
    outputs: [dQuery: tf.Tensor3D, dKey: tf.Tensor3D, dValue: tf.Tensor3D];
  };

  /** `AttentionGradBias` of `AttentionOfRows`. */
  AttentionOfRowsGradBias: {
    inputs: { dy: tf.Tensor3D; value: tf.Tensor3D; weights: tf.Tensor4D };
    attrs: Kernels["AttentionGradBias"]["attrs"];
    outputs: Kernels["AttentionGradBias"]["outputs"];
  };

  /** x of shape `[B, L, N, D]` transposed to `[B, N, L, D]`. Defined by `splitHeads` of split_heads.ts. */
  SwapMiddle: {
    inputs: { x: tf.Tensor4D };
    attrs: NoAttributes;
    outputs: [y: tf.Tensor4D];
  };

  /**
   * y = x · cos + sign · rotateHalf(x) · sin, where feature i pairs with feature i + Dh / 2. The
   * gradient is the same kernel with the opposite sign. Defined by `rotary` of rotary.ts.
   */
  Rotate: {
    inputs: {
      /** Shape `[B, N, L, Dh]`. */
      x: tf.Tensor4D;
      /** Shape `[B, 1, L, Dh]` or `[1, 1, L, Dh]`; the second half of the features repeats the first. */
      cos: tf.Tensor4D;
      /** Same shape as `cos`. */
      sin: tf.Tensor4D;
    };
    attrs: {
      /** 1 or −1. */
      sign: number;
    };
    outputs: [y: tf.Tensor4D];
  };

  /**
   * The mean of −log softmax(logits)[label] over the positions that are not ignored, NaN where all are.
   * Defined by `crossEntropies` of cross_entropy.ts. Letters: `N` positions, `V` classes.
   */
  CrossEntropy: {
    inputs: {
      /** Shape `[N, V]`. */
      logits: tf.Tensor2D;
      /** int32 `[N]`, in [0, V) or `ignored`. */
      labels: tf.Tensor1D;
    };
    attrs: {
      /** The label of positions that are ignored. */
      ignored: number;
      /** Share of the target that is spread evenly over all classes; in [0, 1]. */
      smoothing: number;
      /** Number P of equal parts of the positions, each with a mean of its own. */
      parts: number;
    };
    /** The means, shape `[P]`, and for the gradient log Σ exp(logits) of each position, shape `[N]`. */
    outputs: [losses: tf.Tensor1D, logSums: tf.Tensor1D];
  };

  /**
   * The gradient of the logits of `CrossEntropy`, shape `[N, V]`; 0 where all positions of a part are
   * ignored.
   */
  CrossEntropyGrad: {
    inputs: {
      /** Shape `[P]`. */
      dy: tf.Tensor1D;
      logits: tf.Tensor2D;
      labels: tf.Tensor1D;
      /** The second output of `CrossEntropy`. */
      logSums: tf.Tensor1D;
    };
    attrs: { ignored: number; smoothing: number; parts: number };
    outputs: [dLogits: tf.Tensor2D];
  };

  /** The row of a table for each id. Defined by `embedding` of embedding.ts. */
  TakeRows: {
    inputs: {
      /** Shape `[V, D]`. */
      table: tf.Tensor2D;
      /** int32, any shape; in [0, V). */
      ids: tf.Tensor;
    };
    attrs: {
      /** V, for the gradient. */
      rows: number;
      /** The row that gets no gradient; null for none. */
      paddingRow: number | null;
    };
    /** The shape of `ids` with D appended. */
    outputs: [rows: tf.Tensor];
  };

  /** The gradient of the table of `TakeRows`, shape `[V, D]`: for each row the sum of dy where its id is. */
  AddRows: {
    inputs: { dy: tf.Tensor; ids: tf.Tensor };
    attrs: {
      /** V. */
      rows: number;
    };
    outputs: [dTable: tf.Tensor2D];
  };

  /**
   * The mixing weights of each row: samples of the relaxed Bernoulli distribution, or sigmoids, of
   * the logits of the row's task, scaled to sum 1 in each split. Defined by `mixingWeights` of
   * mixing_weights.ts. Letters: `B` rows, `T` tasks, `H` splits, `S` skills.
   */
  Route: {
    inputs: {
      /** Shape `[T, H·S]`, split-major. */
      logits: tf.Tensor2D;
      /** Uniform numbers in [0, 1), shape `[B, H, S]`; without them the amounts are sigmoids. */
      uniform?: tf.Tensor | undefined;
    };
    attrs: {
      /** Task id of each of the B rows, in [0, T). */
      tasks: readonly number[];
      /** Number of tasks T, for the gradient. */
      nTasks: number;
      /** Number of splits H. */
      nSplits: number;
      /** Temperature, above 0; used only with uniform numbers. */
      temperature: number;
      /**
       * Whether amounts are rounded to 0 or 1 (one half to 0); the gradient ignores the rounding.
       */
      hard: boolean;
    };
    /** Both `[B, H, S]`: the weights; and, for the gradient, d amount / d logit over the sum of amounts. */
    outputs: [weights: tf.Tensor3D, slopes: tf.Tensor3D];
  };

  /** The gradient of the logits of `Route`, shape `[T, H·S]`: Σ (dy − Σ dy · weights) · slopes by task. */
  RouteGrad: {
    inputs: { dy: tf.Tensor3D; weights: tf.Tensor3D; slopes: tf.Tensor3D };
    attrs: { tasks: readonly number[]; nTasks: number };
    outputs: [dLogits: tf.Tensor2D];
  };

  /**
   * `Route` of `N` routers with the same numbers of tasks, splits and skills, for the same rows. Defined
   * by `mixingWeightsOfAll` of mixing_weights.ts.
   */
  RouteAll: {
    /** `logits`i, shape `[T, H·S]`, for the i-th router; and `uniform`, shape `[N, B, H, S]`. */
    inputs: { [name: `logits${number}`]: tf.Tensor; uniform?: tf.Tensor | undefined };
    attrs: Kernels["Route"]["attrs"];
    /** What `Route` gives, of all routers: both `[N, B, H, S]`. */
    outputs: [weights: tf.Tensor4D, slopes: tf.Tensor4D];
  };

  /** The gradients of the logits of `RouteAll`, in the order of the routers. */
  RouteAllGrad: {
    inputs: { dy: tf.Tensor4D; weights: tf.Tensor4D; slopes: tf.Tensor4D };
    attrs: Kernels["RouteGrad"]["attrs"];
    outputs: tf.Tensor[];
  };

  /**
   * Both low-rank factors of each row: in each split, the sum of the skills by the row's mixing
   * weights. Defined by `mixFactors` of mix_skills.ts. Letters: `B` rows, `N` inventories, `H` splits,
   * `S` skills, `I` and `O` features in and out, `R` rank.
   */
  MixFactors: {
    inputs: {
      /** Shape `[B, H, S]`. */
      weights: tf.Tensor3D;
      /** Shape `[N·H, S, I/H, R]`: the inventories one behind another. */
      skillsA: tf.Tensor4D;
      /** Shape `[N·H, S, R, O/H]`. */
      skillsB: tf.Tensor4D;
    };
    attrs: {
      /** Which of the N inventories each row mixes; rows of the same inventory follow one another. */
      inventories: readonly number[];
    };
    /** Shapes `[B, I, R]` and `[B, R, O]`. */
    outputs: [factorA: tf.Tensor3D, factorB: tf.Tensor3D];
  };

  /** The gradient of the skills of one factor of `MixFactors`; 0 for an inventory of no row. */
  MixFactorsGradSkills: {
    inputs: {
      /** The gradient of that factor. */
      dy: tf.Tensor3D;
      weights: tf.Tensor3D;
    };
    attrs: {
      /** The shape of the skills, `[N·H, S, X, Y]`. */
      shape: tf.Tensor4D["shape"];
      inventories: readonly number[];
      /**
       * Whether the splits lie side by side, as the columns of B do, or one below another, as the
       * rows of A.
       */
      columns: boolean;
    };
    outputs: [dSkills: tf.Tensor4D];
  };

  /** The gradient of the weights of `MixFactors`, shape `[B, H, S]`, from both factors. */
  MixFactorsGradWeights: {
    inputs: {
      /** The gradient of factor A. */
      dA: tf.Tensor3D;
      /** The gradient of factor B. */
      dB: tf.Tensor3D;
      skillsA: tf.Tensor4D;
      skillsB: tf.Tensor4D;
    };
    attrs: { inventories: readonly number[] };
    outputs: [dWeights: tf.Tensor3D];
  };

  /**
   * `MixFactors` of `M` layers for the rows of several adapters. Defined by `mixFactorsOfAll` of
   * mix_skills.ts.
   */
  MixAll: {
    /**
     * Of each adapter the weights of all its layers, shape `[M, B, H, S]`, then `skillsA` and `skillsB` of
     * each layer.
     */
    inputs: { [index: `${number}`]: tf.Tensor };
    /** The inventories of each adapter's rows. */
    attrs: { inventories: readonly (readonly number[])[] };
    /** `factorA` and `factorB` of the first layer, of the second, and so on, each of the rows of all. */
    outputs: tf.Tensor[];
  };

  /** The gradients of all inputs of `MixAll`, in their order. */
  MixAllGrad: {
    /** The inputs of `MixAll`, then the gradients of its outputs. */
    inputs: { [index: `${number}`]: tf.Tensor };
    attrs: Kernels["MixAll"]["attrs"];
    outputs: tf.Tensor[];
  };

  /**
   * y = x·Wᵀ + b. Defined by `linear` of linear.ts. Letters, here and below: `B` rows, `L` positions, `I`
   * and `O` features in and out, `U` owners of factors, `R` rank.
   */
  Linear: {
    inputs: {
      /** Shape `[B, L, I]`. */
      x: tf.Tensor3D;
      /** Shape `[O, I]`. */
      weight: tf.Tensor2D;
      /** Shape `[O]`. */
      bias?: tf.Tensor1D | undefined;
    };
    attrs: {
      /**
       * Number of equal parts of the rows, each of which has the bits that it would have alone: where the
       * bits of a row of a product depend on the other rows, each part is a product of its own.
       */
      parts: number;
    };
    /** Shape `[B, L, O]`. */
    outputs: [y: tf.Tensor3D];
  };

  /** y = x·Wᵀ + b + (x·A / R)·B, each row by its owner's factors. Defined by `adaptedLinear` of linear.ts. */
  AdaptedLinear: {
    inputs: {
      x: tf.Tensor3D;
      weight: tf.Tensor2D;
      bias?: tf.Tensor1D | undefined;
      /** A, shape `[U, I, R]`. */
      factorA: tf.Tensor3D;
      /** B, shape `[U, R, O]`. */
      factorB: tf.Tensor3D;
    };
    attrs: {
      /** Which of the U factors each row takes; each in [0, U). */
      owners: readonly number[];
      /** As in `Linear`. */
      parts: number;
    };
    /** Shape `[B, L, O]`; and, for the gradient, x·A / R of shape `[B, L, R]`. */
    outputs: [y: tf.Tensor3D, narrow: tf.Tensor3D];
  };

  /**
   * The gradients of x·A / R and of both factors of `AdaptedLinear`, each in the shape of its
   * tensor. Gradients of rows with the same owner are summed.
   */
  LinearGradFactors: {
    inputs: {
      dy: tf.Tensor3D;
      x: tf.Tensor3D;
      /** The second output of `AdaptedLinear`. */
      narrow: tf.Tensor3D;
      factorA: tf.Tensor3D;
      factorB: tf.Tensor3D;
    };
    attrs: { owners: readonly number[] };
    /** The first is dy·Bᵀ / R, as the gradient of x needs it. */
    outputs: [dNarrow: tf.Tensor3D, dA: tf.Tensor3D, dB: tf.Tensor3D];
  };

  /** The gradient of x, shape `[B, L, I]`: dy·W, and with factors + dNarrow·Aᵀ. */
  LinearGradInput: {
    inputs: {
      dy: tf.Tensor3D;
      weight: tf.Tensor2D;
      /** The first output of `LinearGradFactors`; present together with `factorA`. */
      dNarrow?: tf.Tensor3D | undefined;
      factorA?: tf.Tensor3D | undefined;
    };
    attrs: {
      /** As in `AdaptedLinear`; empty where there are no factors. */
      owners: readonly number[];
      /** As in `Linear`. */
      parts: number;
    };
    outputs: [dx: tf.Tensor3D];
  };

  /** The gradient of the weight, dyᵀ·x, shape `[O, I]`. */
  LinearGradWeight: {
    inputs: { dy: tf.Tensor3D; x: tf.Tensor3D };
    attrs: NoAttributes;
    outputs: [dWeight: tf.Tensor2D];
  };

  /**
   * One step of Adam for many parameters: m ← β₁ m + (1 − β₁) g and v ← β₂ v + (1 − β₂) g² **in place**,
   * and for each parameter a new tensor keep · θ − rate · m / (√v / root + ε). Defined by `AdamW`
   * of train/adamw.ts, whose moments share their data with no other tensor.
   */
  AdamW: {
    /**
     * For the i-th update `parameter`i, `gradient`i, `mean`i (m) and `square`i (v), all of the same
     * shape.
     */
    inputs: { [name: `${"parameter" | "gradient" | "mean" | "square"}${number}`]: tf.Tensor };
    attrs: {
      /** One for each parameter. */
      updates: readonly {
        /** Share of the parameter that stays: 1 − learning rate · weight decay. */
        readonly keep: number;
        /** Learning rate divided by 1 − β₁ᵗ. */
        readonly rate: number;
        /** √(1 − β₂ᵗ). */
        readonly root: number;
      }[];
      beta1: number;
      beta2: number;
      epsilon: number;
    };
    /** The updated parameters, in the order of the updates. */
    outputs: tf.Tensor[];
  };

  /**
   * All gradients times min(1, maxNorm / (‖g‖ + 10⁻⁶)), with ‖g‖ their joint Euclidean norm; a `maxNorm`
   * of 0 leaves them as they are. Defined by `clipParts` of train/clip_gradients.ts.
   */
  ClipGradients: {
    /** The gradients, numbered from 0. */
    inputs: { [index: `${number}`]: tf.Tensor };
    attrs: {
      maxNorm: number;
      /** Number P of equal parts of each gradient; those of the same place have a joint norm. */
      parts: number;
    };
    /** The norms before clipping, shape `[P]`, then the gradients in their order. */
    outputs: [norms: tf.Tensor1D, ...clipped: tf.Tensor[]];
  };
}

/** The attributes of a kernel that has none: `{}`. */
export type NoAttributes = Record<string, never>;

/** The name of a kernel. */
export type KernelName = keyof Kernels;

/** The input tensors of a kernel, by name. */
export type KernelInputs<K extends KernelName> = Readonly<Kernels[K]["inputs"]>;

/** The attributes of a kernel: its arguments that are not tensors. */
export type KernelAttrs<K extends KernelName> = Readonly<Kernels[K]["attrs"]>;

/** The output tensors of a kernel, in order. */
export type KernelOutputs<K extends KernelName> = Kernels[K]["outputs"];

/** A tensor as the kernels of a backend see it: without methods, with a shape of its rank. */
export type KernelTensor<T extends tf.Tensor = tf.Tensor> = Pick<T, "dataId" | "dtype" | "shape">;

/**
 * How a backend computes a kernel. It reads its inputs, and writes to none of them unless the contract
 * says so; each output is a new tensor or, by `incRef`, shares the data of an input.
 *
 * `Context` is what the backend hands to each of its kernels, such as the memory they work in.
 */
export type KernelFunction<K extends KernelName, Context> = (
  context: Context,
  inputs: InputsSeen<Kernels[K]["inputs"]>,
  attrs: KernelAttrs<K>,
) => OutputsMade<Kernels[K]["outputs"]>;

/** The inputs as a backend sees them; an optional input stays optional. */
type InputsSeen<Inputs> = {
  readonly [N in keyof Inputs]: Inputs[N] extends tf.Tensor ? KernelTensor<Inputs[N]>
    : KernelTensor<NonNullable<Inputs[N]> & tf.Tensor> | undefined;
};

/** One tensor for each output. */
type OutputsMade<Outputs extends readonly unknown[]> = { [I in keyof Outputs]: tf.TensorInfo };

/**
 * All kernels of a backend, by name. A backend that has only some of them gives a
 * `Partial<KernelTable<Context>>`; the other operations are computed by their definitions.
 */
export type KernelTable<Context> = {
  readonly [K in KernelName]: KernelFunction<K, Context>;
};
