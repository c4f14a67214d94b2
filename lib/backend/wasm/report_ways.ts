/**
 * A program that measures the ways to matrix products in its environment, and writes what it chose as
 * one line of JSON, {@linkcode ReportedWays}.
 *
 * @module
 */
import process from "node:process";
import * as tf from "../../tf.ts";
import { type FastKernels, installFastKernels } from "./install.ts";
import "./register.ts";

/** What the program writes. */
export type ReportedWays = Pick<FastKernels, "blas" | "matmul">;

if (import.meta.main) {
  await tf.setBackend("wasm");
  const { blas, matmul } = installFastKernels();
  process.stdout.write(JSON.stringify({ blas, matmul } satisfies ReportedWays));
}
