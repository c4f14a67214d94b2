/**
 * Every example of the documentation runs: those of the comments in `lib/`, and those of README.md.
 * `deno test --doc` gives each a worker of its own, which loads TensorFlow.js anew and takes fifteen times as
 * long; here each is a module of its own in one worker, and begins on the same backend. Their types are
 * checked by `deno check --doc`.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as tf from "./tf.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** A piece of code between fences, and where it begins. */
interface Example {
  readonly file: string;
  readonly line: number;
  readonly code: string;
}

/** The examples of a file: in Markdown a line begins at the margin, in a comment after an asterisk. */
function examplesOf(file: string, text: string): Example[] {
  const edge = file.endsWith(".md") ? "" : String.raw`[ ]*\*?[ ]?`;
  const fenced = new RegExp(`^${edge}\`\`\`ts\n((?:.*\n)*?)${edge}\`\`\`$`, "gm");
  const margin = new RegExp(`^${edge}`, "gm");
  return [...text.matchAll(fenced)].map(({ index, 1: lines }) => ({
    file,
    line: text.slice(0, index).split("\n").length + 1,
    code: lines!.replaceAll(margin, ""),
  }));
}

const IMPORT = /^import [^;]*;$/gm;

/** A module whose default export runs an example, which sees what its file exports, as in `deno test --doc`. */
async function moduleOf({ file, code }: Example): Promise<string> {
  const url = pathToFileURL(join(ROOT, file)).href;
  const imports = (code.match(IMPORT) ?? []).join("\n");
  const body = code.replaceAll(IMPORT, "");
  const own = imports.replaceAll(/"[^"]*"/g, "");
  const exported = file.endsWith(".md") ? [] : Object.keys(await import(url));
  const names = exported.filter((name) => hasWord(body, name) && !hasWord(own, name));
  return [
    imports.replaceAll(/"(\.\.?\/[^"]*)"/g, (_, path) => `"${new URL(path, url)}"`),
    names.length === 0 ? "" : `import { ${names.join(", ")} } from "${url}";`,
    `export default async function () {\n${body}\n}`,
  ].join("\n");
}

function hasWord(text: string, word: string): boolean {
  return text.split(/[^\w$]+/).includes(word);
}

async function* sources(dir: string): AsyncGenerator<string> {
  for await (const { name, isDirectory } of Deno.readDir(join(ROOT, dir))) {
    if (isDirectory) yield* sources(join(dir, name));
    else if (name.endsWith(".ts")) yield join(dir, name);
  }
}

const FILES = ["README.md", ...(await Array.fromAsync(sources("lib"))).sort()];

for (const file of FILES) {
  const text = await Deno.readTextFile(join(ROOT, file));
  const examples = examplesOf(file, text);
  // Where code begins that is not found, nothing would run it.
  assert.equal(examples.length, text.match(/^[ *]*```ts$/gm)?.length ?? 0, file);
  for (const example of examples) {
    Deno.test(`the example at ${file}:${example.line} runs`, async () => {
      const code = await moduleOf(example);
      const { default: run } = await import(`data:text/typescript,${encodeURIComponent(code)}`);
      await tf.setBackend("cpu");
      await run();
    });
  }
}

Deno.test("the examples of a file are found, with what they import and what is written in them", async () => {
  const text = `/**
 * One.
 *
 * \`\`\`ts
 * import { join } from "./join.ts";
 *
 * join("*");
 *   hasWord();
 * \`\`\`
 * \`\`\`ts ignore
 * no;
 * \`\`\`
 */`;
  const [example, ...others] = examplesOf("lib/floors_test.ts", text);
  assert.deepEqual(others, []);
  assert.equal(example!.line, 5);
  const module = await moduleOf({ ...example!, file: "README.md" });
  assert.ok(
    module.includes(`import { join } from "${new URL("./join.ts", pathToFileURL(ROOT))}";`),
  );
  assert.ok(module.includes(`{\n\n\njoin("*");\n  hasWord();\n\n}`), module);
});
