/**
 * The one door to TensorFlow.js. Every other file imports from here, so that the dependency can be
 * replaced in one sitting.
 *
 * The union package is imported, not `tfjs-core`: under Deno the core alone registers no gradients.
 *
 * The types that stand in public signatures have names of their own here, so that the documentation
 * of this library is complete without that of TensorFlow.js.
 *
 * @module
 */
import * as tfjs from "@tensorflow/tfjs";

export * from "@tensorflow/tfjs";

/** Numbers on the device, of any rank; dispose it, or make it within `tf.tidy`. */
export type Tensor = InstanceType<(typeof import("@tensorflow/tfjs"))["Tensor"]>;
/** The class of tensors, for `instanceof`. */
export const Tensor: (typeof import("@tensorflow/tfjs"))["Tensor"] = tfjs.Tensor;

/** A tensor whose values can be assigned, and which `tf.tidy` leaves alone. */
export type Variable = InstanceType<(typeof import("@tensorflow/tfjs"))["Variable"]>;

/** A tensor of rank 0. */
export type Scalar = ReturnType<(typeof import("@tensorflow/tfjs"))["scalar"]>;

/** A tensor of rank 2. */
export type Tensor2D = ReturnType<(typeof import("@tensorflow/tfjs"))["tensor2d"]>;

/** A tensor of rank 3. */
export type Tensor3D = ReturnType<(typeof import("@tensorflow/tfjs"))["tensor3d"]>;
