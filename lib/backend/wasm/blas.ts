import { withoutLoaderVariables } from "../../util/environment.ts";
import { PLATFORM } from "../../util/platform.ts";
import type { AddingProduct, WasmBackend } from "./heap.ts";
import { threadsAsked, threadVariables } from "./threads.ts";

/** A BLAS library that was opened. */
export interface Blas {
  /** Path or name of the library, and its own description of itself. */
  readonly name: string;
  /** The processor that OpenBLAS runs the kernels of, e.g. `Haswell`; `null` for another library. */
  readonly coreName: string | null;
  /** Threads that one product is spread over, as far as the library says. */
  readonly threads: number;
  /** Its `cblas_sgemm` on the memory of a backend. */
  productOn(backend: WasmBackend): AddingProduct;
}

/** Libraries to try, best first. The system's loader finds a name without a folder. */
const CANDIDATES: Partial<Record<typeof Deno.build.os, readonly string[]>> = {
  linux: [
    "libopenblas.so.0",
    "libopenblas.so",
    "libmkl_rt.so.3",
    "libmkl_rt.so.2",
    "libmkl_rt.so.1",
    "libmkl_rt.so",
    "libblis.so.4",
    "libblis.so.3",
    "libblis.so",
    "libcblas.so.3",
    "libblas.so.3",
  ],
  darwin: [
    "/System/Library/Frameworks/Accelerate.framework/Accelerate",
    "/opt/homebrew/opt/openblas/lib/libopenblas.dylib",
    "libopenblas.dylib",
  ],
  windows: ["libopenblas.dll", "openblas.dll", "mkl_rt.2.dll"],
};

/**
 * Environment variables that make the libraries use one thread from the moment they are loaded, for
 * processes that this project starts. Parallelism comes from workers, one core each.
 *
 * {@linkcode openBlas} itself never writes the environment. Writing it while other threads run is a
 * race in C libraries: a graphics driver that reads a variable meanwhile may read freed memory.
 */
export const ONE_THREAD: Readonly<Record<string, string>> = threadVariables(1);

const ROW_MAJOR = 101;
const AS_STORED = 111;
const TRANSPOSED = 112;

/** Accelerate's `BLAS_THREADING_MULTI_THREADED` and `BLAS_THREADING_SINGLE_THREADED`. */
const [MULTI_THREADED, SINGLE_THREADED] = [0, 1];

const SYMBOLS = {
  cblas_sgemm: {
    parameters: [
      "i32", // order
      "i32", // transposition of a
      "i32", // transposition of b
      "i32", // m
      "i32", // n
      "i32", // k
      "f32", // alpha
      "usize", // a
      "i32", // row length of a
      "usize", // b
      "i32", // row length of b
      "f32", // beta
      "usize", // c
      "i32", // row length of c
    ],
    result: "void",
  },
  openblas_set_num_threads: { parameters: ["i32"], result: "void", optional: true },
  openblas_get_num_threads: { parameters: [], result: "i32", optional: true },
  openblas_get_config: { parameters: [], result: "pointer", optional: true },
  openblas_get_corename: { parameters: [], result: "pointer", optional: true },
  MKL_Set_Num_Threads: { parameters: ["i32"], result: "void", optional: true },
  MKL_Get_Version_String: { parameters: ["buffer", "i32"], result: "void", optional: true },
  bli_thread_set_num_threads: { parameters: ["isize"], result: "void", optional: true },
  bli_info_get_version_str: { parameters: [], result: "pointer", optional: true },
  BLASSetThreading: { parameters: ["i32"], result: "i32", optional: true },
} as const;

type Library = Deno.DynamicLibrary<typeof SYMBOLS>;

/**
 * Opens the system's BLAS (OpenBLAS, MKL, BLIS, Accelerate) and pins it to one thread, or to as
 * many as `POLY_THREADS` says.
 *
 * A library that is none of these, such as the reference BLAS, is slower than the project's own
 * kernel and is opened only when it is named. Opening never asks for permission. Accelerate can be
 * pinned from macOS 15 on; older versions read `VECLIB_MAXIMUM_THREADS` from the environment.
 *
 * @param path the one library to open, a path or a name that the system's loader knows
 * @returns the library, or the reason why there is none
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const library = openBlas("/no/such/libblas.so");
 * assert.ok(typeof library === "string" && library.includes("cannot be opened"));
 * ```
 */
export function openBlas(path?: string): Blas | string {
  if (PLATFORM !== "deno") return "only Deno opens libraries of the system";
  const candidates = path === undefined ? CANDIDATES[Deno.build.os] ?? [] : [path];
  if (!candidates.some(permitted)) return "no permission for FFI (--allow-ffi)";
  const threads = threadsAsked();
  const faults: string[] = [];
  for (const candidate of candidates) {
    if (!permitted(candidate)) continue;
    try {
      const library = Deno.dlopen(candidate, SYMBOLS) as Library;
      const description = pinAndDescribe(library.symbols, candidate, threads);
      if (description !== null || path !== undefined) {
        const name = description === null ? candidate : `${candidate} (${description})`;
        return blas(name, threadsOf(library.symbols, threads), library);
      }
      library.close();
    } catch (error) {
      faults.push((error as Error).message);
    }
  }
  return path === undefined
    ? "no OpenBLAS, MKL, BLIS or Accelerate was found"
    : `${path} cannot be opened: ${faults.join("; ")}`;
}

function permitted(path: string): boolean {
  return Deno.permissions.querySync({ name: "ffi", path }).state === "granted";
}

/**
 * The text of `/proc/cpuinfo`, or its two lines of maker and instructions as `lscpu` has them: Deno lets
 * only `--allow-all` read the former. Empty on another system than Linux, or where neither may be asked.
 */
export function cpuInfo(): string {
  if (Deno.build.os !== "linux") return "";
  const path = "/proc/cpuinfo";
  if (Deno.permissions.querySync({ name: "read", path }).state === "granted") {
    try {
      return Deno.readTextFileSync(path);
    } catch {
      // Deno wants --allow-all for it.
    }
  }
  if (Deno.permissions.querySync({ name: "run", command: LSCPU }).state !== "granted") return "";
  try {
    const env = { ...withoutLoaderVariables(), LC_ALL: "C" };
    const { stdout } = new Deno.Command(LSCPU, { env, stderr: "null" }).outputSync();
    const text = new TextDecoder().decode(stdout);
    const field = (name: string) => new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
    return `vendor_id : ${field("Vendor ID")}\nflags : ${field("Flags")}\n`;
  } catch {
    return ""; // there is none
  }
}

/** The program that says of the processor what `/proc/cpuinfo` says. */
const LSCPU = "/usr/bin/lscpu";

/** What OpenBLAS says of its kernels; `null` for another library. */
function coreNameOf(symbols: Library["symbols"]): string | null {
  // deno-lint-ignore no-explicit-any -- whether a symbol is there is known only now
  const ask = (symbols as any).openblas_get_corename as (() => Deno.PointerValue) | null;
  return (ask ? textAt(ask()) : "") || null;
}

function textAt(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : new Deno.UnsafePointerView(pointer).getCString();
}

/** The threads that a library uses; what it was asked for where it does not say. */
function threadsOf(symbols: Library["symbols"], asked: number): number {
  // deno-lint-ignore no-explicit-any -- whether a symbol is there is known only now
  const ask = (symbols as any).openblas_get_num_threads as (() => number) | null;
  return ask === null ? asked : ask();
}

/**
 * Makes a library known by its symbols use so many threads, Accelerate one or its own choice of more;
 * what it says of itself, `null` when unknown.
 */
function pinAndDescribe(
  symbols: Library["symbols"],
  path: string,
  threads: number,
): string | null {
  // deno-lint-ignore no-explicit-any -- the compiler cannot know which symbols a library has
  const s = symbols as any;
  if (s.openblas_set_num_threads) {
    s.openblas_set_num_threads(threads);
    const config = s.openblas_get_config ? textAt(s.openblas_get_config()) : "OpenBLAS";
    const core = coreNameOf(symbols);
    const version = /^OpenBLAS [\d.]+\S*/.exec(config)?.[0] ?? config;
    return core === null ? version : `${version} ${core}`;
  }
  if (s.MKL_Set_Num_Threads) {
    s.MKL_Set_Num_Threads(threads);
    if (!s.MKL_Get_Version_String) return "MKL";
    const buffer = new Uint8Array(200);
    s.MKL_Get_Version_String(buffer, buffer.length);
    return new TextDecoder().decode(buffer).replace(/[\0\s]+$/, "");
  }
  if (s.bli_thread_set_num_threads) {
    s.bli_thread_set_num_threads(BigInt(threads));
    return `BLIS ${s.bli_info_get_version_str ? textAt(s.bli_info_get_version_str()) : ""}`.trim();
  }
  if (!path.includes("Accelerate.framework")) return null;
  s.BLASSetThreading?.(threads === 1 ? SINGLE_THREADED : MULTI_THREADED);
  return "Accelerate";
}

function blas(name: string, threads: number, library: Library): Blas {
  const { cblas_sgemm: sgemm } = library.symbols;
  return {
    name,
    coreName: coreNameOf(library.symbols),
    threads,
    productOn({ wasm }) {
      let heap: Uint8Array | undefined;
      let base = 0n;
      return (m, n, k, a, transposeA, b, transposeB, c, add = false) => {
        if (wasm.HEAPU8 !== heap) {
          heap = wasm.HEAPU8;
          base = BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(wasm.HEAPU8)));
        }
        sgemm(
          ROW_MAJOR,
          transposeA ? TRANSPOSED : AS_STORED,
          transposeB ? TRANSPOSED : AS_STORED,
          m,
          n,
          k,
          1,
          base + BigInt(a),
          transposeA ? m : k,
          base + BigInt(b),
          transposeB ? k : n,
          add ? 1 : 0,
          base + BigInt(c),
          n,
        );
      };
    },
  };
}
