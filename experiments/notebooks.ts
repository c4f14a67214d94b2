/**
 * `deno task notebooks`: see `deno task notebooks --help`.
 *
 * @module
 */
import { notebooksCommand } from "../lib/commands/mod.ts";

Deno.exitCode = await notebooksCommand(Deno.args);
