import assert from "node:assert/strict";
import { join } from "node:path";
import { withFolder } from "../testing/with_folder.ts";
import { gunzipLines, gzipLines } from "./gzip_lines.ts";

const LINES = Array.from({ length: 20_000 }, (_, i) => `line ${i} ß 😀 ${"x".repeat(i % 97)}`);

Deno.test("gzipLines() gives the same bytes again, with neither a time nor a system in them", async () => {
  const bytes = await gzipLines(LINES);
  await new Promise((resolve) => setTimeout(resolve, 1100)); // a time stamp has whole seconds
  assert.deepEqual(await gzipLines(LINES), bytes);
  assert.deepEqual([...bytes.subarray(0, 10)], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
});

Deno.test("gunzipLines() gives back every line, or as many as are wanted", () =>
  withFolder(async (dir) => {
    const path = join(dir, "a.gz");
    await Deno.writeFile(path, await gzipLines(LINES));
    assert.deepEqual(await Array.fromAsync(gunzipLines(path)), LINES);
    for await (const line of gunzipLines(path)) {
      assert.equal(line, LINES[0]);
      break;
    }
    await Deno.writeFile(path, await gzipLines([]));
    assert.deepEqual(await Array.fromAsync(gunzipLines(path)), []);
  }));

Deno.test("gunzipLines() refuses what is cut, changed or something else, and names the file", () =>
  withFolder(async (dir) => {
    const path = join(dir, "a.gz");
    const whole = await gzipLines(LINES);
    const changed = whole.slice();
    changed[5000]! ^= 0x55;
    const refused = async (bytes: Uint8Array, why: RegExp) => {
      await Deno.writeFile(path, bytes);
      await assert.rejects(Array.fromAsync(gunzipLines(path)), (error: Error) => {
        assert.ok(error instanceof SyntaxError, String(error));
        assert.ok(
          error.message.startsWith(`Cannot read ${path} as it is damaged: `),
          error.message,
        );
        assert.match(error.message, why);
        return true;
      });
    };
    for (const end of [0, 5, 10, 5000, whole.length - 4]) {
      await refused(whole.subarray(0, end), /no whole gzip file/);
    }
    await refused(changed, /no whole gzip file|UTF-8/);
    await refused(new TextEncoder().encode("text\n"), /no whole gzip file/);
    const packed = async (bytes: Uint8Array<ArrayBuffer>) => {
      const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("gzip"));
      return new Uint8Array(await new Response(stream).arrayBuffer());
    };
    await refused(await packed(new Uint8Array([0x6e, 0xe9, 10])), /UTF-8/);
    await refused(await packed(new TextEncoder().encode("a\nb")), /its last line has no end/);
    await assert.rejects(Array.fromAsync(gunzipLines(join(dir, "none"))), Deno.errors.NotFound);
  }));

Deno.test("gunzipLines() holds little of a small file that unpacks to a huge line", () =>
  withFolder(async (dir) => {
    const path = join(dir, "bomb.gz");
    const zeros = new Uint8Array(2 ** 20).fill(0x61);
    const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
      start(controller) {
        for (let i = 0; i < 200; i++) controller.enqueue(zeros);
        controller.close();
      },
    }).pipeThrough(new CompressionStream("gzip"));
    await Deno.writeFile(path, stream);
    await assert.rejects(Array.fromAsync(gunzipLines(path)), /a line is too long/);
  }));
