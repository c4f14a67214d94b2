import assert from "node:assert/strict";
import { fakeTerminal } from "../testing/fakes/fake_terminal.ts";
import { downloadBar } from "./download_bar.ts";

Deno.test("downloadBar() draws a line per file and leaves it when done", async () => {
  let drawn = "";
  const terminal = fakeTerminal();
  terminal.on("data", (text) => drawn += text);
  const bar = await downloadBar(terminal);
  bar.stop(); // nothing to leave yet
  const files = { files: 2, total: 2_000_000 };
  bar.show({ ...files, file: "a.safetensors", fileIndex: 0, received: 500_000 });
  bar.show({ ...files, file: "a.safetensors", fileIndex: 0, received: 2_000_000 });
  bar.show({ ...files, file: "b.safetensors", fileIndex: 1, received: 1_000_000 });
  bar.stop();
  assert.match(drawn, /a\.safetensors \(1 of 2\) .* 100% of 2\.0 MB/);
  assert.match(drawn, /b\.safetensors \(2 of 2\) .* 50% of 2\.0 MB/);
  assert.equal(drawn.split("\n").length, 3);
});
