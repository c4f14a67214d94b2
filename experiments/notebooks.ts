/**
 * `deno task notebooks`: see `deno task notebooks --help`.
 *
 * @module
 */
import { notebooksCommand } from "../lib/experiment/notebooks_command.ts";

Deno.exitCode = await notebooksCommand(Deno.args);
