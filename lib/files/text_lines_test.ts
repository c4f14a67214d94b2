import assert from "node:assert/strict";
import fc from "fast-check";
import { forEachLine, readLines, type TextLine } from "./text_lines.ts";

async function linesOf(content: string | Uint8Array): Promise<TextLine[]> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(
      path,
      typeof content === "string" ? new TextEncoder().encode(content) : content,
    );
    const lines: TextLine[] = [];
    await forEachLine(path, (line) => lines.push(line));
    assert.deepEqual(await readLines(path, lines), lines);
    return lines;
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("D3 forEachLine() gives the lines that a split gives, over chunks too", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string({ unit: fc.constantFrom("a", "é", "😀", "\r") })),
      async (texts) => {
        const found = (await linesOf(texts.join("\n"))).map(({ text }) => text);
        assert.deepEqual(found, texts.at(-1) === "" ? texts.slice(0, -1) : texts);
      },
    ),
    { numRuns: 30 },
  );
  // Characters and lines across the borders of chunks, which are 2^20 bytes.
  const long = ["x".repeat(2 ** 20 - 1) + "é", "€".repeat(10 ** 6), "", "end"];
  const lines = await linesOf(long.join("\n") + "\n");
  assert.deepEqual(lines.map(({ text }) => text.length), long.map(({ length }) => length));
  assert.ok(lines.every(({ text }, i) => text === long[i]));
  assert.deepEqual(lines.map(({ number }) => number), [1, 2, 3, 4]);
});

Deno.test("D2 forEachLine() passes over byte order marks, where files were joined too", async () => {
  assert.deepEqual((await linesOf("\ufeffa\n\ufeffb")).map(({ text }) => text), ["a", "b"]);
  await assert.rejects(linesOf(new Uint8Array([0x1f, 0x8b, 8])), {
    message: /begins as gzip does/,
  });
});

Deno.test("D1 forEachLine() names file, line and byte of what is not UTF-8", async () => {
  const bytes = new Uint8Array([
    ...new TextEncoder().encode("one\nzwei\n"),
    0x33,
    0xe9,
    0x0a,
    0x34,
  ]);
  await assert.rejects(linesOf(bytes), {
    name: "SyntaxError",
    message: /:3 as it must be UTF-8 text: byte 2 of line 3 is 0xE9; save it as UTF-8/,
  });
});

Deno.test("D3 forEachLine() bounds a line, and refuses a folder", async () => {
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, "a\nb");
  await Deno.truncate(path, 2 ** 26 + 2 ** 21); // zeros without end in the second line
  using file = await Deno.open(path, { write: true });
  await file.write(new TextEncoder().encode("a\n" + "b".repeat(5000)));
  await assert.rejects(forEachLine(path, () => {}), {
    message: /:2 as a line must have at most 67108864 bytes/,
  });
  await Deno.remove(path);
  const dir = await Deno.makeTempDir();
  await assert.rejects(forEachLine(dir, () => {}), {
    message: /must be a file, no folder and no pipe/,
  });
  await Deno.remove(dir);
});
