/**
 * `deno task completions`: prints a script with which a shell completes the words of tasks.
 *
 * @module
 */
import process from "node:process";
import { completionsCommand } from "../lib/commands/mod.ts";

process.exitCode = await completionsCommand(Deno.args);
