import { PLATFORM } from "../util/platform.ts";
import type { Machine } from "./machine.ts";
import { memoryFiles } from "./memory_files.ts";
import { nodeFiles } from "./node_files.ts";

/** The file system that this program has: Deno's, Node's, or one in memory in a browser. */
export const machine: Machine = PLATFORM === "deno"
  ? Deno
  : PLATFORM === "node"
  ? nodeFiles()
  : memoryFiles();
