/**
 * The one door to TensorFlow.js. Every other file imports from here, so that the dependency can be
 * replaced in one sitting.
 *
 * The union package is imported, not `tfjs-core`: under Deno the core alone registers no gradients.
 *
 * @module
 */
export * from "@tensorflow/tfjs";
