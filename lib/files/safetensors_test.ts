import assert from "node:assert/strict";
import fc from "fast-check";
import { anyText } from "../testing/any_text.ts";
import { onEachBackend } from "../testing/on_each_backend.ts";
import { GOLDEN } from "../testing/golden.ts";
import * as tf from "../tf.ts";
import {
  openSafetensors,
  parseSafetensors,
  readSafetensors,
  SafetensorsError,
  type TensorToStore,
  writeSafetensors,
} from "./safetensors.ts";

/** A file with this header, as it is, and this many bytes of zeros after it. */
function fileOf(header: string | Uint8Array, dataBytes: number, claimed?: bigint): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(text.length), true);
  bytes.set(text, 8);
  return bytes;
}

async function withFile(
  bytes: Uint8Array,
  test: (path: string) => void | Promise<void>,
): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeFile(path, bytes);
    await test(path);
  } finally {
    await Deno.remove(path);
  }
}

// safetensors 0.8.0, `safetensors.torch.save(tensors, {"format": "pt"})` with the tensors below.
const BY_PYTHON = Uint8Array.fromHex(
  "b0010000000000007b225f5f6d657461646174615f5f223a7b22666f726d6174223a227074227d2c2261223a7b22647479" +
    "7065223a22463332222c227368617065223a5b315d2c22646174615f6f666673657473223a5b302c345d7d2c2277223a7b" +
    "226474797065223a22463332222c227368617065223a5b312c325d2c22646174615f6f666673657473223a5b342c31325d" +
    "7d2c22efbfbd5c22223a7b226474797065223a22463332222c227368617065223a5b302c335d2c22646174615f6f666673" +
    "657473223a5b31322c31325d7d2c22f09f9880223a7b226474797065223a22463332222c227368617065223a5b315d2c22" +
    "646174615f6f666673657473223a5b31322c31365d7d2c223130223a7b226474797065223a22493332222c227368617065" +
    "223a5b325d2c22646174615f6f666673657473223a5b31362c32345d7d2c226266223a7b226474797065223a2242463136" +
    "222c227368617065223a5b315d2c22646174615f6f666673657473223a5b32342c32365d7d2c2239223a7b226474797065" +
    "223a22463136222c227368617065223a5b5d2c22646174615f6f666673657473223a5b32362c32385d7d7d202020202000" +
    "00003f0000c03f000000c00000803f07000000ffffffff49400042",
);
const TENSORS: [string, TensorToStore][] = [
  ["w", { shape: [1, 2], data: new Float32Array([1.5, -2]) }],
  ["a", { shape: [1], data: new Float32Array([0.5]) }],
  ["10", { shape: [2], data: new Int32Array([7, -1]) }],
  ["9", { dtype: "F16", shape: [], data: new Float32Array([3]) }],
  ["bf", { dtype: "BF16", shape: [1], data: new Float32Array([3.140625]) }],
  ["\u{1F600}", { shape: [1], data: new Float32Array([1]) }],
  ['\uFFFD"', { shape: [0, 3], data: new Float32Array(0) }],
];

Deno.test("writeSafetensors() writes the very bytes that Python writes", () => {
  assert.deepEqual(writeSafetensors(TENSORS), BY_PYTHON);
  assert.deepEqual(writeSafetensors(TENSORS.toReversed()), BY_PYTHON);
});

Deno.test("parseSafetensors() reads what Python wrote", () => {
  const file = parseSafetensors(BY_PYTHON);
  assert.deepEqual(file.names, ["a", "w", '\uFFFD"', "\u{1F600}", "10", "bf", "9"]);
  assert.deepEqual(file.metadata, { format: "pt" });
  assert.deepEqual(file.info("10"), { dtype: "I32", shape: [2], begin: 16, end: 24 });
  for (const [name, { dtype, shape, data }] of TENSORS) {
    const expected = dtype ?? (data instanceof Int32Array ? "I32" : "F32");
    assert.deepEqual(file.read(name), { dtype: expected, shape, data }, name);
  }
  assert.ok(file.has("a") && !file.has("__metadata__"));
  assert.throws(() => file.read("b"), RangeError);
});

// As above, without metadata: [0.1, -1e300] float64, [-2³¹, 2³¹ - 1] int64, [-300] int16, [-1] int8,
// [255] uint8, [True, False].
Deno.test("parseSafetensors() reads the types that cannot be written", () => {
  const file = parseSafetensors(Uint8Array.fromHex(
    "58010000000000007b22693634223a7b226474797065223a22493634222c227368617065223a5b325d2c22646174615f6f" +
      "666673657473223a5b302c31365d7d2c22663634223a7b226474797065223a22463634222c227368617065223a5b325d2c" +
      "22646174615f6f666673657473223a5b31362c33325d7d2c22693136223a7b226474797065223a22493136222c22736861" +
      "7065223a5b315d2c22646174615f6f666673657473223a5b33322c33345d7d2c226938223a7b226474797065223a224938" +
      "222c227368617065223a5b315d2c22646174615f6f666673657473223a5b33342c33355d7d2c227538223a7b2264747970" +
      "65223a225538222c227368617065223a5b315d2c22646174615f6f666673657473223a5b33352c33365d7d2c22626f6f6c" +
      "223a7b226474797065223a22424f4f4c222c227368617065223a5b325d2c22646174615f6f666673657473223a5b33362c" +
      "33385d7d7d2020202000000080ffffffffffffff7f000000009a9999999999b93f9c7500883ce437fed4feffff0100",
  ));
  assert.equal(file.metadata, null);
  assert.deepEqual(file.read("f64").data, new Float32Array([Math.fround(0.1), -Infinity]));
  assert.deepEqual(file.read("i64").data, new Int32Array([-(2 ** 31), 2 ** 31 - 1]));
  assert.deepEqual(file.read("i16").data, new Int32Array([-300]));
  assert.deepEqual(file.read("i8").data, new Int32Array([-1]));
  assert.deepEqual(file.read("u8").data, new Int32Array([255]));
  assert.deepEqual(file.read("bool").data, new Int32Array([1, 0]));
});

const entry = (dtype: string, shape: string, offsets: string) =>
  `{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}`;
const one = (dtype: string, shape: string, offsets: string) =>
  `{"w":${entry(dtype, shape, offsets)}}`;
const two = (a: string, b: string) =>
  `{"a":${entry('"F32"', "[1]", a)},"b":${entry('"F32"', "[1]", b)}}`;
const overflow = `[${2 ** 53 - 1},${2 ** 53 - 1},0]`;

/** What is wrong, the file, and what the message says besides the name of the file. */
const HOSTILE: [string, Uint8Array, RegExp][] = [
  ["empty", new Uint8Array(0), /8 bytes of header length: it has 0/],
  ["shorter than a length", new Uint8Array(7), /8 bytes of header length: it has 7/],
  ["header longer than the file", fileOf("{}", 0, 3n), /fit.*claims 3 bytes, the file has 10/],
  ["header of 99 MB", fileOf("{}", 0, 99_000_000n), /fit.*claims 99000000 bytes, the file has 10/],
  [
    "header over 100 MB",
    fileOf("{}", 0, 100_000_001n),
    /at most 100000000 bytes: it claims 100000001/,
  ],
  [
    "header of 2⁶⁴ - 1",
    fileOf("{}", 0, 2n ** 64n - 1n),
    /at most .* it claims 18446744073709551615/,
  ],
  ["header of no bytes", fileOf("", 0), /begin with {/],
  ["not an object", fileOf("[]", 0), /begin with {: "\[\]"/],
  ["white space first", fileOf(" {}", 0), /begin with {/],
  ["byte order mark", fileOf("\uFEFF{}", 0), /begin with {/],
  ["not JSON", fileOf(`{"w":`, 0), /must be JSON/],
  ["more after the object", fileOf(`{}{}`, 0), /must be JSON/],
  ["deeply nested", fileOf(`{"a":${"[".repeat(100_000)}`, 0), /nest at most 128/],
  ["bad UTF-8", fileOf(Uint8Array.of(0x7b, 0x22, 0xff, 0x22, 0x7d), 0), /must be UTF-8/],
  [
    "lone surrogate",
    fileOf(one('"F32"', "[0]", "[0,0]").replace("w", "\\ud800"), 0),
    /well-formed/,
  ],
  [
    "same name twice",
    fileOf(`{"w":${entry('"F32"', "[1]", "[0,4]")},"\\u0077":1}`, 4),
    /once: "w"/,
  ],
  ["same field twice", fileOf(`{"w":{"dtype":"F32","dtype":"F16"}}`, 4), /once: "dtype"/],
  ["metadata of numbers", fileOf(`{"__metadata__":{"a":1}}`, 0), /__metadata__ .*: {"a":1}/],
  ["metadata as a list", fileOf(`{"__metadata__":[]}`, 0), /__metadata__ .*: \[\]/],
  ["null for a tensor", fileOf(`{"w":null}`, 0), /object .* "w": null/],
  ["list for a tensor", fileOf(`{"w":[]}`, 0), /object .* "w": \[\]/],
  ["no dtype", fileOf(`{"w":{"shape":[1],"data_offsets":[0,4]}}`, 4), /dtype .* "w": nothing/],
  ["unknown dtype", fileOf(one('"F31"', "[1]", "[0,4]"), 4), /F64, F32.* dtype .* "w": "F31"/],
  ["dtype from the prototype", fileOf(one('"toString"', "[1]", "[0,4]"), 4), /dtype .*"toString"/],
  ["negative size", fileOf(one('"F32"', "[-1]", "[0,4]"), 4), /shape .* "w": \[-1\]/],
  ["two negative sizes", fileOf(one('"F32"', "[-1,-1]", "[0,4]"), 4), /shape .* "w": \[-1,-1\]/],
  ["fraction of a size", fileOf(one('"F32"', "[0.5,2]", "[0,4]"), 4), /shape .* "w": \[0.5,2\]/],
  ["size as text", fileOf(one('"F32"', '["1"]', "[0,4]"), 4), /shape .* "w": \["1"\]/],
  ["size past 2⁵³", fileOf(one('"F32"', "[9007199254740993]", "[0,4]"), 4), /shape/],
  ["sizes that overflow", fileOf(one('"F32"', overflow, "[0,0]"), 0), /multiplied/],
  ["no shape", fileOf(`{"w":{"dtype":"F32","data_offsets":[0,4]}}`, 4), /shape .*: nothing/],
  ["one offset", fileOf(one('"F32"', "[1]", "[4]"), 4), /begin and an end .* "w": \[4\]/],
  ["negative offset", fileOf(one('"F32"', "[1]", "[-4,0]"), 4), /begin and an end .*\[-4,0\]/],
  ["end before begin", fileOf(one('"F32"', "[1]", "[4,0]"), 4), /begin and an end .*\[4,0\]/],
  ["too few bytes", fileOf(one('"F32"', "[3]", "[0,8]"), 8), /12 bytes.*F32 \[3\].*: \[0,8\]/],
  ["too many bytes", fileOf(one('"F16"', "[1]", "[0,4]"), 4), /2 bytes.*F16 \[1\].*: \[0,4\]/],
  ["overlap", fileOf(two("[0,4]", "[2,6]"), 6), /overlap or hole: "b" begins at 2, .* ends at 4/],
  ["two in one place", fileOf(two("[0,4]", "[0,4]"), 4), /overlap or hole: "b" begins at 0/],
  ["hole", fileOf(two("[0,4]", "[8,12]"), 12), /overlap or hole: "b" begins at 8, .* ends at 4/],
  [
    "hole at the start",
    fileOf(one('"F32"', "[1]", "[4,8]"), 8),
    /hole: "w" begins at 4.* ends at 0/,
  ],
  ["truncated", fileOf(two("[0,4]", "[4,8]"), 7), /fill the file: they end at 8, the file has 7/],
  [
    "trailing byte",
    fileOf(two("[0,4]", "[4,8]"), 9),
    /fill the file: they end at 8, the file has 9/,
  ],
  ["nothing but data", fileOf("{}", 1), /fill the file: they end at 0, the file has 1/],
];

for (const [what, bytes, message] of HOSTILE) {
  Deno.test({
    name: `parseSafetensors() and openSafetensors() refuse: ${what}`,
    sanitizeResources: true, // a file left open fails the test
    fn: () =>
      withFile(bytes, async (path) => {
        const refused = (file: string) => (error: Error) => {
          assert.ok(
            error instanceof SafetensorsError && error instanceof SyntaxError,
            `${error.stack}`,
          );
          assert.ok(error.message.startsWith(`Cannot read "${file}" as `), error.message);
          assert.match(error.message, message);
          return true;
        };
        assert.throws(() => parseSafetensors(bytes, "x.safetensors"), refused("x.safetensors"));
        await assert.rejects(openSafetensors(path), refused(path));
      }),
  });
}

Deno.test("parseSafetensors() accepts offsets in any order of names, and unused white space", () => {
  const file = parseSafetensors(fileOf(two("[4,8]", "[0,4]") + " \n ", 8));
  assert.deepEqual(file.names, ["b", "a"]);
});

Deno.test("H1 parseSafetensors() takes __metadata__ null for none, as the reference does", () => {
  const file = parseSafetensors(fileOf(
    '{"__metadata__":null,"w":' +
      entry('"F32"', "[1]", "[0,4]") + "}",
    4,
  ));
  assert.equal(file.metadata, null);
  assert.deepEqual(file.names, ["w"]);
  for (const other of ["[]", "5", '{"a":null}', '"text"', "false"]) {
    assert.throws(() => parseSafetensors(fileOf(`{"__metadata__":${other}}`, 0)), /texts only/);
  }
});

Deno.test("R16 parseSafetensors() refuses 20 MB of nested lists before they are built", () => {
  const begin = performance.now();
  const nested = fileOf(`{"a":${"[".repeat(20_000_000)}`, 0);
  assert.throws(() => parseSafetensors(nested), {
    name: "SafetensorsError",
    message: /the header can nest at most 128 lists and objects: it nests more/,
  });
  assert.ok(performance.now() - begin < 10_000); // it took 40 s and more
});

Deno.test("R16 parseSafetensors() reads a header of 200,000 empty tensors in linear time", () => {
  const info = entry('"F32"', "[0]", "[0,0]");
  const seconds = (count: number) => {
    const header = Array.from({ length: count }, (_, i) => `"tensor.${i}":${info}`).join(",");
    const bytes = fileOf(`{${header}}`, 0);
    const begin = performance.now();
    assert.equal(parseSafetensors(bytes).names.length, count);
    return (performance.now() - begin) / 1000;
  };
  seconds(2_000);
  const [few, many] = [seconds(20_000), seconds(200_000)];
  assert.ok(many < 40 * few + 0.5, `200,000 took ${many} s, 20,000 took ${few} s`);
});

Deno.test("SafetensorsFile.read() refuses values that do not fit, with file and tensor", () => {
  const big = fileOf(one('"I64"', "[1]", "[0,8]"), 8);
  big[big.length - 1] = 0x80;
  assert.throws(
    () => parseSafetensors(big, "x").read("w"),
    { name: "SafetensorsError", message: /"x" as .*int32 in tensor "w": -9223372036854775808/ },
  );
});

Deno.test("openSafetensors() refuses a folder, and what is not there", async () => {
  await assert.rejects(openSafetensors("/"), SafetensorsError);
  await assert.rejects(openSafetensors("/absent/x.safetensors"), Deno.errors.NotFound);
});

Deno.test("openSafetensors() notices when the file shrinks while it is open", () =>
  withFile(BY_PYTHON, async (path) => {
    using file = await openSafetensors(path);
    assert.deepEqual(file.read("9").data, new Float32Array([3]));
    await Deno.truncate(path, BY_PYTHON.length - 1);
    assert.deepEqual(file.read("a").data, new Float32Array([0.5]));
    assert.throws(() => file.read("9"), { name: "SafetensorsError", message: /keep its size/ });
  }));

const anywhere = fc.nat(BY_PYTHON.length - 1);
const afterHeader = fc.integer({ min: BY_PYTHON.length - 28, max: BY_PYTHON.length - 1 });

/** A file cut, grown, or with some of its bytes or of its header's numbers changed. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant("cut" as const), at: anywhere }),
  fc.record({
    kind: fc.constant("insert" as const),
    at: fc.nat(BY_PYTHON.length),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 9 }),
  }),
  fc.record({
    kind: fc.constant("bytes" as const),
    // Half of them after the header, where most changes give other valid values.
    changes: fc.array(fc.tuple(fc.oneof(anywhere, afterHeader), fc.nat(255)), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  fc.record({
    kind: fc.constant("token" as const),
    which: fc.nat(80),
    by: fc.oneof(
      fc.constantFrom(
        "[]",
        "{}",
        "null",
        "-0",
        "1e9",
        "1e999",
        '"F32"',
        '"BOOL"',
        '"I64"',
        "[0,4]",
      ),
      fc.nat(30).map(String),
      fc.json(),
    ),
  }),
);

function mutated(change: typeof mutation extends fc.Arbitrary<infer T> ? T : never): Uint8Array {
  const bytes = BY_PYTHON.slice();
  switch (change.kind) {
    case "cut":
      return bytes.subarray(0, change.at);
    case "insert":
      return Uint8Array.from([
        ...bytes.subarray(0, change.at),
        ...change.bytes,
        ...bytes.subarray(change.at),
      ]);
    case "bytes":
      for (const [at, value] of change.changes) bytes[at] = value;
      return bytes;
    case "token": {
      const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
      const tokens = new TextDecoder().decode(bytes.subarray(8, end)).split(/("[^"]*"|\d+)/);
      tokens[(2 * change.which + 1) % tokens.length] = change.by;
      const file = fileOf(tokens.join(""), bytes.length - end);
      file.set(bytes.subarray(end), file.length - (bytes.length - end));
      return file;
    }
  }
}

Deno.test("parseSafetensors() of a damaged file gives valid tensors or a SafetensorsError", () => {
  const outcomes = { read: 0, refused: 0 };
  fc.assert(
    fc.property(mutation, (change) => {
      try {
        const file = parseSafetensors(mutated(change));
        for (const name of file.names) {
          const { shape, data } = file.read(name);
          assert.equal(data.length, shape.reduce((product, size) => product * size, 1));
        }
        outcomes.read++;
      } catch (error) {
        if (!(error instanceof SafetensorsError)) throw error;
        outcomes.refused++;
      }
    }),
    { numRuns: 3000 },
  );
  assert.ok(outcomes.read > 50 && outcomes.refused > 1000, JSON.stringify(outcomes));
});

const storable = fc.array(fc.nat(4), { maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  const sized = { minLength: length, maxLength: length };
  return fc.oneof(
    fc.float32Array(sized).map((data) => ({ dtype: "F32" as const, shape, data })),
    fc.int32Array(sized).map((data) => ({ dtype: "I32" as const, shape, data })),
  );
});

Deno.test("writeSafetensors() then parseSafetensors() gives back every tensor", () => {
  const name = anyText.filter((text) => text !== "__metadata__");
  const metadata = fc.option(
    fc.dictionary(anyText, anyText),
  );
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.tuple(name, storable), { selector: ([n]) => n }),
      metadata,
      (tensors, texts) => {
        const bytes = writeSafetensors(tensors, texts);
        const header = Number(new DataView(bytes.buffer).getBigUint64(0, true));
        assert.equal(header % 8, 0);
        const file = parseSafetensors(bytes);
        assert.deepEqual(new Map(file.names.map((n) => [n, file.read(n)])), new Map(tensors));
        assert.deepEqual({ ...file.metadata }, { ...texts });
        assert.equal(file.metadata === null, texts === null);
      },
    ),
  );
});

Deno.test("writeSafetensors() refuses what it cannot store", () => {
  const data = new Float32Array(2);
  const w: [string, TensorToStore] = ["w", { shape: [2], data }];
  assert.throws(() => writeSafetensors([w, w]), { name: "RangeError", message: /"w".*there once/ });
  assert.throws(() => writeSafetensors([["__metadata__", w[1]]]), RangeError);
  assert.throws(() => writeSafetensors([["\ud800", w[1]]]), RangeError);
  for (const shape of [[3], [], [-1, -2], [0.5, 4]]) {
    assert.throws(() => writeSafetensors([["w", { shape, data }]]), {
      name: "RangeError",
      message: /there are 2 values/,
    });
  }
  assert.throws(() => writeSafetensors([["w", { dtype: "I32", shape: [2], data }]]), TypeError);
  assert.throws(() => writeSafetensors([["w", { dtype: "F64", shape: [2], data }]]), TypeError);
  const whole = new Int32Array(2);
  assert.throws(
    () => writeSafetensors([["w", { dtype: "F16", shape: [2], data: whole }]]),
    TypeError,
  );
});

const CASES = ["llama_mhr", "qwen2_poly", "t5_mhr", "t5_poly", "t5_regex_save"];

Deno.test({
  name: "readSafetensors() then writeSafetensors() gives back PEFT's files, byte by byte",
  async fn() {
    for (const golden of CASES) {
      for (const file of ["adapter/adapter_model", "base/model"]) {
        const path = `${GOLDEN}/${golden}/${file}.safetensors`;
        const tensors = await readSafetensors(path);
        assert.ok(tensors.size > 0);
        assert.deepEqual(writeSafetensors([...tensors].reverse()), await Deno.readFile(path), path);
      }
    }
  },
});

onEachBackend("a tensor that was read keeps its values on the backend", async () => {
  const file = parseSafetensors(BY_PYTHON);
  for (const name of ["w", "10", "9", "bf"]) {
    const { shape, data } = file.read(name);
    const tensor = tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32");
    try {
      assert.deepEqual(tensor.shape, shape);
      assert.deepEqual([...await tensor.data()], [...data], name);
    } finally {
      tensor.dispose();
    }
  }
});
