/**
 * `deno task watch`: serves a page that shows a sweep as it grows.
 *
 * @module
 */
import process from "node:process";
import { watchCommand } from "../lib/commands/mod.ts";

process.exitCode = await watchCommand(Deno.args);
