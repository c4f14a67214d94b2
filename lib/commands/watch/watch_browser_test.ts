import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { join } from "node:path";
import { CHROMIUM, Page } from "../../testing/fakes/chromium.ts";
import { lacking } from "../../testing/lacking.ts";
import { withFolder } from "../../testing/with_folder.ts";
import { sweepCommand } from "../sweep/command.ts";
import { serveSweep } from "./serve.ts";

const WORKER = new URL("../../testing/fakes/fake_run_worker.ts", import.meta.url);
const ignore = CHROMIUM === null;
const named = (name: string) => name + lacking("Chromium", CHROMIUM !== null);

const text = (page: Page, selector: string) =>
  page.evaluate<string>(`document.querySelector(${JSON.stringify(selector)}).innerText`);

Deno.test({
  name: named(
    "the live page shows a sweep one of whose workers is killed, stops a run, and survives the server",
  ),
  ignore,
  fn: () =>
    withFolder(async (dir) => {
      const [file, out] = [join(dir, "x.yaml"), join(dir, "out")];
      await Deno.writeTextFile(
        file,
        "zip: { data_file: [a, die, hang], r: [1, 2, 3] }\nmetric: heldout_exact_match",
      );
      const output = { stdout: new PassThrough(), stderr: new PassThrough() };
      const said = Promise.withResolvers<string>();
      let log = "";
      output.stderr.on("data", (bytes) => {
        log += bytes;
        const address = /^Live: +(\S+)$/m.exec(log)?.[1];
        if (address !== undefined) said.resolve(address);
      });
      output.stdout.resume();
      const sweep = sweepCommand([file, "--out", out, "--jobs", "3", "--watch", "--quiet"], {
        ...output,
        worker: WORKER,
      });
      const address = await Promise.race([
        said.promise,
        sweep.then((code) => Promise.reject(new Error(`${code}: ${log}`))),
      ]);
      await using page = await Page.open(address, 1280, 900);
      await page.until(`document.querySelectorAll("#live-failed li").length === 1`);
      assert.match(
        await text(page, "#live-failed li"),
        /r=2,seed=0: The worker ended with SIGKILL /,
      );
      await page.until(
        `document.getElementById("summary").textContent.includes("1 done, 1 running, 1 failed")`,
      );
      assert.match(await text(page, "#live .run"), /r=3/);
      // Its losses grow on an axis that ends where its training does.
      await page.until(`document.querySelector("#live .run svg path") !== null`);
      await page.evaluate(`document.querySelector("#live .run button").click()`);
      await page.until(`document.querySelectorAll("#live-failed li").length === 2`);
      assert.match(await text(page, "#live-failed"), /r=3,seed=0: Stopped by hand, on the page/);
      assert.equal(await sweep, 1);
      await page.until(
        `/when the server ended/.test(document.getElementById("live-state").innerText)`,
      );
      await using again = await serveSweep(out);
      assert.equal(again.address, address);
      await page.until(
        `/1 of 3 runs done, 2 failed\\. The sweep is over\\./.test(document.getElementById("live-state").innerText)`,
      );
    }),
});
