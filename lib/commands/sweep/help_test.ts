import assert from "node:assert/strict";
import { RUN_CONFIG_KEYS } from "../../run/config.ts";
import { readSweep } from "../../sweep/plan/sweep.ts";
import { FILE_KEYS } from "../../sweep/plan/sweep_file.ts";
import { captured } from "../../testing/captured.ts";
import { fakeTerminal } from "../../testing/fakes/fake_terminal.ts";
import { readArguments } from "../arguments.ts";
import { helpText } from "../help.ts";
import { SWEEP_OPTIONS, sweepArguments } from "./arguments.ts";
import { sweepCommand } from "./command.ts";
import { sweepHelp } from "./help.ts";

const refusal = async (...args: string[]) => {
  const { code, stderr } = await captured((output) => sweepCommand(args, output));
  assert.equal(code, 2);
  return stderr.trimEnd();
};

Deno.test("newcomer B3: the help has every setting once, with its default and its words, and every key of a file", () => {
  const { sections = [], rows = [] } = sweepHelp();
  const terms = sections.flatMap(({ rows = [] }) => rows.map(([term]) => term));
  const keys = terms.map((term) => term.split("=")[0]!);
  for (const key of [...RUN_CONFIG_KEYS, ...FILE_KEYS]) {
    assert.equal(keys.filter((other) => other === key).length, 1, key);
  }
  assert.ok(terms.includes("method=poly") && terms.includes("heldout_categories=[]"));
  const text = helpText("sweep", sweepHelp()).replace(/\s+/g, " ");
  assert.match(text, / one of shared, shared_equal_budget, private, .*, poly, hyper, full /);
  assert.match(text, / some of rank_accuracy, token_f1, macro_f1, matthews, pearson /);
  const options = new Set([...rows, ...sections.flatMap(({ rows = [] }) => rows)]
    .flatMap(([term]) => [...term.matchAll(/--([\w-]+)/g)].map((match) => match[1])));
  assert.deepEqual([...options].sort(), Object.keys(SWEEP_OPTIONS).sort());
});

Deno.test("newcomer B3: the help fits 80 columns and 44, and its examples are what a sweep takes", () => {
  const help = sweepHelp();
  for (const width of [80, 44]) {
    const examples = [help, ...help.sections ?? []].flatMap(({ examples = [] }) => examples);
    const lines = helpText("sweep", help, width).split("\n")
      .filter((line) => !examples.includes(line.trim()));
    const longest = lines.reduce((a, b) => a.length >= b.length ? a : b);
    assert.ok([...longest].length <= width, longest);
  }
  const sections = (help.sections ?? []).filter(({ rows }) => rows !== undefined);
  for (const { title, examples = [] } of [help, ...sections].map((of) => ({ title: "", ...of }))) {
    assert.ok(examples.length > 0, title);
    const commands = examples.filter((line) => line.startsWith("deno task sweep "));
    for (const line of commands) {
      const { settings } = sweepArguments(readArguments(line.split(" ").slice(3), SWEEP_OPTIONS));
      assert.ok(readSweep("", "x.yaml", settings).runs.length >= 1, line);
    }
    if (commands.length > 0) continue;
    assert.equal(readSweep(examples.join("\n"), "x.yaml").runs.length, 3 * 2 * 5);
  }
});

Deno.test("newcomer B3: what people write for a setting is answered with what to write", async () => {
  for (
    const [word, answer] of [
      ["lr=0.1", /unknown setting, did you mean "learning_rate"\?$/],
      ["N_SKILLS=4", /unknown setting, did you mean "n_skills"\?$/],
      ["--n_skills=4", /^Unknown option --n_skills=4, did you mean n_skills=4\? See /],
      ["--n-skills=4", /^Unknown option --n-skills=4, did you mean n_skills=4\? See /],
      ["--lr", /^Unknown option --lr, did you mean learning_rate=VALUE\? See /],
      ["learning_rate=[1e-3,1e-4]", /with commas alone: learning_rate=0\.001,0\.0001$/],
      [
        "learning_rate=1e-3..1e-1",
        /a range has integers at both ends, such as 0\.\.4, or says how many values/,
      ],
      ["baseline=x", /^Cannot read argument "baseline=x" as baseline is no setting: write it in/],
      ["method=polly", /"full", did you mean "poly"\?$/],
    ] as const
  ) assert.match(await refusal(word, "--dry-run"), answer);
});

Deno.test("newcomer B2: a fault of the command line is told of the command line", async () => {
  for (const word of ["n_skills=four", "n_skills=0", "steps=1.5", "backend=gpu", "seed=4..0"]) {
    const told = await refusal(word, "--dry-run");
    assert.ok(told.startsWith(`Cannot read argument "${word}"`), told);
    assert.ok(!told.includes("quick.yaml"), told);
  }
});

Deno.test("the help on a terminal is as wide as that", async () => {
  const stdout = Object.assign(fakeTerminal(), { columns: 60 });
  assert.equal(await sweepCommand(["--help"], { stdout }), 0);
  assert.equal(`${stdout.read()}`, helpText("sweep", sweepHelp(), 60));
});
