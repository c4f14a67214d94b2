/**
 * What the core entry, `mod.ts`, brings along: no package for tables, pictures or terminals, few doors to
 * the machine, and no more names than a reader can look over.
 */
import assert from "node:assert/strict";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const LIB = dirname(fileURLToPath(import.meta.url));

/** Packages that the core does without: those of tables, pictures, terminals and sweeps. */
const STRANGERS = [
  ...["@observablehq/plot", "@resvg/resvg-js", "arquero", "cli-progress", "dejavu-fonts-ttf"],
  ...["fastest-levenshtein", "linkedom", "munkres", "zod"],
];

/** The files of the core that may speak to the machine, through Deno or Node, and what about. */
const DOORS: Readonly<Record<string, string>> = {
  "backend/wasm/blas.ts": "opens the system's BLAS",
  "backend/wasm/register.ts": "reads under Node the kernels that lie beside a bundle",
  "files/file_hash.ts": "asks Node for a hash in machine code",
  "files/node_files.ts": "is Node's file system",
  "files/this_machine.ts": "is Deno's file system, Node's, or one in memory",
  "util/environment.ts": "reads a variable of the environment, and where its user is at home",
  "util/platform.ts": "asks what the library runs on, and Node for its modules",
};

/**
 * The most names that the core may export. A model and its adapter take 110; what a program trains them on
 * and measures them by, suites of files, a tokenizer that is called, validation and evaluation, 12; and the
 * types that the others refer to, without which `deno doc --lint` does not pass, the rest.
 */
const MOST_NAMES = 136;

/** A statement that imports or exports from elsewhere, and an import at run time. */
const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b(?!\s+type\b)(?:[^"';]*?\bfrom)?\s*["']([^"']+)["']|\bimport\(\s*["']([^"']+)["']\s*\)/g;

/** The text of a file without its comments. */
function withoutComments(text: string): string {
  return text.replace(/\/\*[^]*?\*\/|(^|[\s;{}(,])\/\/[^\n]*/g, "$1");
}

/** Code without the types that it imports. */
function withoutTypes(code: string): string {
  return code.replace(/(?:^|\n)\s*import type\b[^;]*;/g, "");
}

/** What a file imports when it runs: static and dynamic, without what are only types. */
function imported(text: string): string[] {
  // The type of a module is written like an import of it.
  const code = withoutComments(text).replace(/\btypeof\s*\(?\s*import\([^)]*\)/g, "");
  return [...code.matchAll(IMPORT)].map((match) => (match[1] ?? match[2])!);
}

/** The files that an entry brings along, by their path below `lib/`, and the packages. */
async function graphOf(
  entry: string,
): Promise<{ files: Map<string, string>; packages: Map<string, string[]> }> {
  const files = new Map<string, string>();
  const packages = new Map<string, string[]>();
  const visit = async (file: string): Promise<void> => {
    if (files.has(file)) return;
    const text = await Deno.readTextFile(join(LIB, file));
    files.set(file, text);
    for (const specifier of imported(text)) {
      if (specifier.startsWith(".")) {
        await visit(relative(LIB, join(LIB, dirname(file), specifier)));
      } else packages.set(specifier, [...packages.get(specifier) ?? [], file]);
    }
  };
  await visit(entry);
  return { files, packages };
}

/** What is wrong with the packages of a graph. */
function strangers(packages: ReadonlyMap<string, readonly string[]>): string[] {
  return [...packages].filter(([name]) =>
    STRANGERS.some((stranger) => name === stranger || name.startsWith(`${stranger}/`))
  ).map(([name, files]) => `${files} import ${name}`);
}

/** What is wrong with one file of the core: Deno or Node past the doors, `using`, and printing. */
function pastDoors(file: string, text: string): string[] {
  const code = withoutComments(text);
  const machine = /\bDeno\.|["']node:[a-z/_]+["']|\b(?:process|Buffer|__dirname)\./.exec(
    withoutTypes(code),
  );
  // Printing is what printTrainableParameters() is for; its callback can be another than the console.
  const isPrinter = file === "peft/peft_model.ts";
  const prints = /\bconsole\.\w+/.exec(isPrinter ? code.replace("= console.log)", ")") : code);
  // Bundlers drop a `using` whose value is used once, and Node 22 does not know the word.
  const using = /\busing \w+ =/.exec(code);
  return [
    ...using === null ? [] : [`${file} has a ${using[0]}`],
    ...machine === null || file in DOORS ? [] : [`${file} speaks to the machine: ${machine[0]}`],
    ...prints === null ? [] : [`${file} prints: ${prints[0]}`],
  ];
}

Deno.test("the core brings along no package of tables, pictures, terminals or sweeps", async () => {
  const { files, packages } = await graphOf("mod.ts");
  assert.deepEqual(strangers(packages), []);
  assert.ok(
    packages.has("@tensorflow/tfjs") && packages.has("yaml"),
    "static and dynamic are seen",
  );
  assert.ok(files.size > 100, `${files.size} files`);
  assert.ok(strangers((await graphOf("results.ts")).packages).length > 3, "they are seen");
});

Deno.test("the core speaks to the machine through few files, and prints nothing", async () => {
  const { files } = await graphOf("mod.ts");
  assert.deepEqual([...files].flatMap(([file, text]) => pastDoors(file, text)), []);
  const unused = Object.keys(DOORS).filter((door) => {
    const text = files.get(door);
    return text === undefined || !/\bDeno\b|"node:/.test(withoutComments(text));
  });
  assert.deepEqual(unused, [], "doors that nothing goes through");
});

Deno.test("the core exports no more names than a reader can look over", async () => {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", join(LIB, "mod.ts")],
    stderr: "null",
  }).output();
  const { nodes } = JSON.parse(new TextDecoder().decode(stdout)) as {
    nodes: Record<string, { symbols: { name: string }[] }>;
  };
  const names = new Set(Object.values(nodes)[0]!.symbols.map(({ name }) => name));
  assert.ok(names.has("PeftModel"));
  assert.ok(names.size <= MOST_NAMES, `${names.size} names are more than ${MOST_NAMES}`);
});

Deno.test("the checks of the core see what is planted", () => {
  assert.deepEqual(
    imported(`import a from "a";
      import type { B } from "b";
      export { c, type C } from "./c.ts";
      export type { D } from "d";
      import "e";
      // import f from "f";
      /** import g from "g"; */
      type H = (typeof import("h"))["H"];
      const i = await import("./i.ts");`),
    ["a", "./c.ts", "e", "./i.ts"],
  );
  assert.deepEqual(strangers(new Map([["arquero", ["a.ts"]], ["yaml", ["b.ts"]]])), [
    "a.ts import arquero",
  ]);
  assert.deepEqual(strangers(new Map([["dejavu-fonts-ttf/package.json", ["a.ts"]]])), [
    "a.ts import dejavu-fonts-ttf/package.json",
  ]);
  const planted = {
    "poly/a.ts": `await Deno.readTextFile("a");`,
    "poly/b.ts": `import { join } from "node:path";`,
    "poly/c.ts": `const { homedir } = await import('node:os');`,
    "poly/d.ts": `console.error("d");`,
    "files/this_machine.ts": `await Deno.open("e");`,
    "poly/f.ts": `/** Reads as Deno.readFile does. */\nf(); // unlike "node:fs"`,
    "poly/g.ts": `const print = console.log) ;`,
    "poly/h.ts": `using file = open();`,
  };
  assert.deepEqual(Object.entries(planted).flatMap(([file, text]) => pastDoors(file, text)), [
    "poly/a.ts speaks to the machine: Deno.",
    `poly/b.ts speaks to the machine: "node:path"`,
    `poly/c.ts speaks to the machine: 'node:os'`,
    "poly/d.ts prints: console.error",
    "poly/g.ts prints: console.log",
    "poly/h.ts has a using file =",
  ]);
});
