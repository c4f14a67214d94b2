/**
 * `deno task doctor`: what this machine has, what is missing, and how to install it.
 *
 * @module
 */
import { doctorCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await doctorCommand();
