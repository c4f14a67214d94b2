/**
 * The commands behind `deno task`: each takes the words after the task's name, writes to a terminal and
 * returns an exit code.
 *
 * @module
 */
export type { CommandOutput, TerminalStream } from "./output.ts";
export { completionsCommand } from "./completions/command.ts";
export { dataCommand, type DataCommandOptions } from "./data/command.ts";
export type { SuperniDownloadOptions, SuperniProgress } from "../tasks/superni_download.ts";
export { doctorCommand, type DoctorCommandOptions } from "./doctor.ts";
export type { Machine } from "./examine.ts";
export { predictionsCommand, type PredictionsCommandOptions } from "./predictions/command.ts";
export { pretrainCommand } from "./pretrain.ts";
export { referenceCommand, type ReferenceCommandOptions } from "./reference.ts";
export { reportCommand, type ReportCommandOptions } from "./report.ts";
export { reproduceCommand, type ReproduceCommandOptions } from "./reproduce/command.ts";
export { stagesCommand } from "./stages.ts";
export type { ResolveBase } from "./sweep/preflight.ts";
export { sweepCommand, type SweepCommandOptions } from "./sweep/command.ts";
export { watchCommand, type WatchCommandOptions } from "./watch/command.ts";
export type { Slurm } from "../slurm/programs.ts";
export type { QueuedElement } from "../slurm/queue.ts";
export { benchCommand } from "./bench.ts";
export { browserCommand } from "./browser.ts";
export { fuzzCommand } from "./fuzz.ts";
export { notebooksCommand } from "./notebooks.ts";
