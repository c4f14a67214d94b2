/** The page, and the library itself, in a real browser and under Node. */
import assert from "node:assert/strict";
import { cp, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { useBackend } from "../backend/backend.ts";
import { readSafetensors } from "../files/safetensors.ts";
import { getPeftModel } from "../peft/peft_model.ts";
import { PolyConfig } from "../poly/config.ts";
import { openBase } from "../run/open_base.ts";
import { assertClose } from "../testing/assert_close.ts";
import { CHROMIUM, Page } from "../testing/fakes/chromium.ts";
import { localServer } from "../testing/fakes/local_server.ts";
import { GOLDEN } from "../testing/golden.ts";
import { lacking } from "../testing/lacking.ts";
import { withFolder } from "../testing/with_folder.ts";
import { buildPage, bundle } from "./build.ts";
import type { Demonstration } from "./demonstration.ts";
import { fileOf } from "./serve.ts";
import { Session } from "./session.ts";

/** The most bytes of all scripts of the page's folder, and of those that a page on WebAssembly loads. */
const MOST_BYTES = { all: 2_300_000, loaded: 1_700_000 };

const BASE = fileURLToPath(new URL("../../data/base", import.meta.url));

/** A WebGPU that computes on the processor. */
const SOFTWARE_WEBGPU = [
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
];

const PAIRS = ["abc", "dog", "lunch", "pale", "of"].map((input) => ({
  input,
  target: `${input}s`,
}));

const DEMONSTRATION: Demonstration = {
  base: "base/",
  adapter: "adapter/",
  tasks: ["upper case", "reverse", "plural"],
  input: "house",
  examples: PAIRS,
};

/** An adapter whose skills do something, as if it had been trained. */
async function makeAdapter(dir: string): Promise<void> {
  await useBackend("wasm");
  const { base } = await openBase(BASE);
  const sizes = { r: 2, n_tasks: 3, n_skills: 3, n_splits: 2, init_weights: false };
  const config = { ...sizes, task_type: "SEQ_2_SEQ_LM", target_modules: ["q", "v"] } as const;
  await getPeftModel(base, new PolyConfig(config)).savePretrained(dir);
  base.dispose();
}

/** What a case of PEFT gives to a model and wants of it. */
async function goldenCase(name: string) {
  const tensors = await readSafetensors(join(GOLDEN, name, "expected.safetensors"));
  const rows = (tensor: string) => {
    const { shape: [B, L], data } = tensors.get(tensor)!;
    return Array.from(
      { length: B! },
      (_, row) => Array.from(data.slice(row * L!, (row + 1) * L!)),
    );
  };
  const inputs = {
    inputIds: rows("input_ids"),
    attentionMask: rows("attention_mask"),
    labels: rows("labels"),
    taskIds: Array.from(tensors.get("task_ids")!.data),
  };
  const AutoModel = name.startsWith("t5") ? "AutoModelForSeq2SeqLM" : "AutoModelForCausalLM";
  return { name, inputs, AutoModel, logits: tensors.get("logits")! };
}

/** A program that computes the logits of a case, given where the library and its files are. */
const program = (
  { inputs, AutoModel }: Awaited<ReturnType<typeof goldenCase>>,
  backend: string,
  base: string,
  adapter: string,
) => `
  await library.useBackend(${JSON.stringify(backend)});
  const base = await library.${AutoModel}.fromPretrained(${JSON.stringify(base)});
  const model = await library.PeftModel.fromPretrained(base, ${JSON.stringify(adapter)});
  const { logits } = model.forward(${JSON.stringify(inputs)});
  const found = { shape: logits.shape, data: [...await logits.data()] };
  base.dispose();`;

/** Waits until everything is computed that the page was asked for. */
async function settled(page: Page): Promise<void> {
  for (let tries = 0; tries < 600; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    if (await page.evaluate("document.documentElement.dataset.state === 'ready'")) return;
  }
  throw new Error("The page does not come to rest");
}

const textOf = (page: Page, id: string) =>
  page.evaluate<string>(`document.getElementById(${JSON.stringify(id)}).textContent`);

/** How dark each row of the picture of weights is, cell by cell. */
const picture = (page: Page) =>
  page.evaluate<number[][]>(`[...document.querySelectorAll("#picture g")].map((row) =>
    [...row.querySelectorAll(".cell")].map((cell) => Number(cell.getAttribute("fill-opacity"))))`);

/** Moves a slider, as a person does. */
const move = (page: Page, slider: number, value: number) =>
  page.evaluate(`(() => {
    const slider = document.querySelectorAll("#sliders input")[${slider}];
    slider.value = ${value};
    slider.dispatchEvent(new Event("input"));
  })()`);

const choose = (page: Page, id: string, at: number) =>
  page.evaluate(`(() => {
    const select = document.getElementById(${JSON.stringify(id)});
    select.selectedIndex = ${at};
    select.dispatchEvent(new Event("change"));
  })()`);

Deno.test({
  name: `the page mixes, adapts and saves, and gives PEFT's numbers${
    lacking("Chromium", CHROMIUM !== null)
  }`,
  ignore: CHROMIUM === null,
  sanitizeResources: false,
  fn: (t) =>
    withFolder(async (folder) => {
      const out = join(folder, "page");
      await buildPage(out);
      await cp(BASE, join(out, "base"), { recursive: true });
      await makeAdapter(join(out, "adapter"));
      await Deno.writeTextFile(join(out, "demonstration.json"), JSON.stringify(DEMONSTRATION));
      const server = localServer((request) => {
        const isGolden = new URL(request.url).pathname.startsWith("/golden/");
        return isGolden
          ? fileOf(GOLDEN, new Request(request.url.replace("/golden/", "/")))
          : fileOf(out, request);
      });
      try {
        const address = `http://127.0.0.1:${server.addr.port}/?backend=wasm`;
        await using page = await Page.open(address, 1280, 900, SOFTWARE_WEBGPU);
        await settled(page);

        await t.step("scripts are no larger than they are said to be", async () => {
          const names = (await readdir(out, { recursive: true })).filter((name) =>
            name.endsWith(".js")
          );
          const sizes = await Promise.all(names.map(async (n) => (await stat(join(out, n))).size));
          const all = sizes.reduce((sum, size) => sum + size);
          const loaded = await page.evaluate<number>(
            `performance.getEntriesByType("resource").filter(({ name }) => name.endsWith(".js"))
              .reduce((sum, { decodedBodySize }) => sum + decodedBodySize, 0)`,
          );
          assert.ok(all <= MOST_BYTES.all, `${all} bytes in all`);
          assert.ok(loaded > 500_000 && loaded <= MOST_BYTES.loaded, `${loaded} bytes are loaded`);
        });

        await t.step("it loads a model and an adapter, and answers", async () => {
          assert.equal(await textOf(page, "problem"), "");
          assert.match(
            await page.evaluate("document.getElementById('device').title"),
            /^wasm: asked for by name/,
          );
          assert.equal(
            await textOf(page, "base-status"),
            "T5ForConditionalGeneration, 481 thousand parameters",
          );
          assert.match(
            await textOf(page, "adapter-status"),
            /^3 tasks, 3 skills, 2 splits, rank 2, /,
          );
          const answers = await page.evaluate<string[][]>(
            `[...document.querySelectorAll("#answers tr")].map((row) =>
              [...row.cells].map((cell) => cell.textContent))`,
          );
          assert.deepEqual(answers.map(([name]) => name), [
            "base model alone",
            ...DEMONSTRATION.tasks,
          ]);
          // All of one task answers as that task does.
          await move(page, 0, 0);
          await move(page, 2, 0);
          await settled(page);
          assert.equal(await textOf(page, "answer"), answers[2]![1]);
        });

        await t.step("sliders set the weights of all layers, or of one", async () => {
          await choose(page, "mix-kind", 1);
          await move(page, 0, 0);
          await move(page, 1, 0);
          await move(page, 2, 0.5);
          for (const row of await picture(page)) assert.deepEqual(row, [0, 0, 1, 0, 0, 1]);
          await choose(page, "mix-layer", 2);
          await choose(page, "mix-split", 1);
          await move(page, 0, 0.5);
          const rows = await picture(page);
          assert.deepEqual(rows[1], [0.5, 0, 0.5, 0, 0, 1]);
          assert.deepEqual(rows[2], [0, 0, 1, 0, 0, 1]);
          assert.deepEqual(rows[0], rows[2]);
          await settled(page);
        });

        const saved = join(folder, "saved");
        await t.step("it adapts to five examples by routing alone, and saves", async () => {
          await page.evaluate(`document.getElementById("steps").value = 12;
            document.getElementById("rate").value = 0.5;
            document.getElementById("adapt-form").requestSubmit()`);
          await settled(page);
          const [first, last] = (await textOf(page, "loss")).split(" → ").map(Number);
          assert.ok(last! < first!, `${first} → ${last}`);
          await page.evaluate(`document.getElementById("save").click()`);
          await settled(page);
          const files = await page.evaluate<Record<string, string>>(
            `Promise.all([...document.querySelectorAll("#downloads a")].map(async (link) =>
              [link.download, new Uint8Array(await (await fetch(link.href)).arrayBuffer()).toBase64()]
            )).then(Object.fromEntries)`,
          );
          assert.deepEqual(Object.keys(files), [
            "adapter_config.json",
            "adapter_model.safetensors",
          ]);
          await Deno.mkdir(saved);
          for (const [name, text] of Object.entries(files)) {
            await Deno.writeFile(join(saved, name), Uint8Array.fromBase64(text));
          }
          await useBackend("wasm");
          const opened = await openBase(BASE);
          const session = await Session.start(opened, saved, (warning) => assert.fail(warning));
          assert.equal(session.nTasks, 4);
          assert.ok(Math.abs(await session.loss(PAIRS, 3) - last!) < 2e-3);
          // The skills are those that came; the routing of the other tasks too.
          const before = await readSafetensors(join(out, "adapter", "adapter_model.safetensors"));
          for (const [name, { shape, data }] of await readSafetensors(`${saved}/${WEIGHTS}`)) {
            const same = before.get(name)!;
            if (shape[0] !== 4) assert.deepEqual(data, same.data, name);
            else assert.deepEqual(data.slice(0, same.data.length), same.data, name);
          }
          session.end();
          opened.base.dispose();
        });

        await t.step("it fits a narrow screen", async () => {
          await page.send("Emulation.setDeviceMetricsOverride", {
            ...{ width: 390, height: 800, deviceScaleFactor: 1, mobile: false },
          });
          const { scrollWidth, clientWidth } = await page.evaluate<Record<string, number>>(
            `(({ scrollWidth, clientWidth }) => ({ scrollWidth, clientWidth }))(
              document.documentElement)`,
          );
          assert.ok(scrollWidth! <= clientWidth!, `${scrollWidth} pixels in ${clientWidth}`);
        });

        for (const [backend, tolerance] of [["wasm", 1e-5], ["webgpu", 1e-3]] as const) {
          const hasIt = backend === "wasm" || await page.evaluate(
            "navigator.gpu?.requestAdapter().then((adapter) => adapter !== null) ?? false",
          );
          await t.step({
            name: `two adapters give PEFT's logits on ${backend}` +
              lacking("WebGPU in Chromium", hasIt as boolean),
            ignore: !hasIt,
            async fn() {
              for (const name of ["t5_mhr", "llama_mhr"]) {
                const wanted = await goldenCase(name);
                const [base, adapter] = [`${backend}-${name}-base`, `${backend}-${name}-adapter`];
                const found = await page.evaluate<{ shape: number[]; data: number[] }>(
                  `(async () => {
                  const library = await import("/mod.js");
                  const { ADAPTER_FILES, BASE_FILES, fetchFiles } = await import("/browser/mod.js");
                  const from = new URL("/golden/${name}/", location);
                  await fetchFiles("${base}", new URL("base", from), BASE_FILES);
                  await fetchFiles("${adapter}", new URL("adapter", from), ADAPTER_FILES);
                  ${program(wanted, backend, base, adapter)}
                  return found;
                })()`,
                );
                await assertClose(found, wanted.logits, tolerance, `${name} on ${backend}`);
              }
            },
          });
        }
      } finally {
        await server.shutdown();
      }
    }),
});

const WEIGHTS = "adapter_model.safetensors";

/** The version of Node on this machine that the library is for; null when there is none. */
async function nodeVersion(): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command(NODE, { args: ["--version"] }).output();
    const version = new TextDecoder().decode(stdout).trim();
    return Number(/^v(\d+)/.exec(version)?.[1]) >= 20 ? version : null;
  } catch {
    return null;
  }
}

/** A program that is Node; `NODE` in the environment names another. */
const NODE = Deno.env.get("NODE") ?? "node";
const VERSION = await nodeVersion();

Deno.test({
  name: `the core runs under Node, and gives PEFT's numbers${
    lacking("Node from 20 on", VERSION !== null)
  }`,
  ignore: VERSION === null,
  fn: () =>
    withFolder(async (folder) => {
      await bundle(folder, ["mod.ts"], "node");
      const wanted = await goldenCase("t5_mhr");
      const [base, adapter] = ["base", "adapter"].map((part) => join(GOLDEN, wanted.name, part));
      await Deno.writeTextFile(
        join(folder, "main.mjs"),
        `import * as library from "./mod.js";
        ${program(wanted, "wasm", base!, adapter!)}
        await model.savePretrained("saved");
        console.log(JSON.stringify(found));`,
      );
      const { success, stdout, stderr } = await new Deno.Command(NODE, {
        args: ["main.mjs"],
        cwd: folder,
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      await assertClose(
        JSON.parse(new TextDecoder().decode(stdout)),
        wanted.logits,
        1e-5,
        `${wanted.name} under Node ${VERSION}`,
      );
      assert.deepEqual(
        await Deno.readFile(join(folder, "saved", WEIGHTS)),
        await Deno.readFile(join(adapter!, WEIGHTS)),
      );
    }),
});
