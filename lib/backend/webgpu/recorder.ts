/**
 * Makes a dispatch of the WebGPU backend of TensorFlow.js cheap for the host.
 *
 * As published, each dispatch makes a bind group and a uniform buffer, fills the buffer, and builds
 * long keys from closures and lists. Each number given to an operation makes two more buffers. That
 * takes 170 µs per dispatch with an NVIDIA H200, where a dispatch with a kept bind group takes 3
 * µs. A training step asks for the same things in the same order each time, so all of it can be
 * kept.
 *
 * The first call of a kind (same program, shapes, types and uniforms) runs as published, and its
 * pipeline, workgroups and uniform buffer are remembered; later calls of the kind are recorded with
 * these and other buffers. So no logic of TensorFlow.js is written a second time here.
 */
import * as tf from "../../tf.ts";
import { BindGroups } from "./bind_groups.ts";
import { BufferPool } from "./buffer_pool.ts";
import { Constants } from "./constants.ts";
import { DeviceFaults } from "./device_faults.ts";
import { earlyRead } from "./early_read.ts";
import {
  missingParts,
  type Program,
  type TensorData,
  type Uniforms,
  type WebgpuBackend,
} from "./private_parts.ts";
import { RecentMap } from "./recent_map.ts";
import { UploadArena } from "./upload_arena.ts";

/**
 * Number of dispatches between two submits. A submit lets the device begin while the host goes on recording, and
 * costs the host about a millisecond. On an H200 a training step of 471 dispatches took 27.9, 22.0, 24.9
 * and 28.7 ms with a submit every 64, 128, 256 and 512 dispatches.
 */
const DISPATCHES_PER_SUBMIT = 128;
/** Bytes of large values that may be staged before a submit frees their staging buffers. */
const STAGED_BYTES = 1 << 26;
/** Number of recent kinds of calls that are certain to be remembered. */
const KINDS = 8192;

const BATCH_SIZE = "WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE";

/** Usage of buffers as TensorFlow.js makes them: of tensors, of uniforms, and to read from. */
const TENSOR_USAGE = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
const UNIFORM_USAGE = GPUBufferUsage.COPY_DST | GPUBufferUsage.UNIFORM;
const READ_USAGE = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;

/** The methods of the backend that are replaced. */
type Methods = Pick<
  WebgpuBackend,
  "uploadToGPU" | "makeUniforms" | "runWebGPUProgram" | "submitQueue"
>;

/** The part that calls of one kind have in common. */
interface Kind {
  readonly pipeline: GPUComputePipeline;
  readonly workgroups: readonly [x: number, y?: number, z?: number];
  /** Uniform buffer, not written again as long as the kind is remembered. */
  readonly uniform: GPUBuffer;
}

/** The recorder of each backend, or the reason why it has none. */
const recorders = new WeakMap<object, Recorder | string>();

/**
 * Makes dispatches of a WebGPU backend cheap. A second call for the same backend does nothing.
 *
 * @returns null, or what the backend lacks for it; it is then left unchanged
 */
export function recordOnce(backend: unknown): string | null {
  const webgpu = backend as WebgpuBackend;
  let recorder = recorders.get(webgpu);
  if (recorder === undefined) {
    const missing = missingParts(webgpu);
    recorder = missing.length === 0
      ? new Recorder(webgpu)
      : `its backend has no ${missing.join(", ")}`;
    recorders.set(webgpu, recorder);
  }
  return typeof recorder === "string" ? recorder : null;
}

/**
 * The recorder of a WebGPU backend.
 *
 * @throws {TypeError} when the backend has none
 */
export function recorderOf(backend: unknown): Recorder {
  const recorder = recorders.get(backend as object);
  if (recorder instanceof Recorder) return recorder;
  throw new TypeError(
    'Cannot dispatch as the backend must be WebGPU\'s, started by useBackend("webgpu")' +
      (recorder === undefined ? "" : `: ${recorder}`),
  );
}

/** Records dispatches on one backend. */
export class Recorder {
  /** The backend, with these parts replaced. */
  readonly backend: WebgpuBackend;
  readonly #pool: BufferPool;
  readonly #faults: DeviceFaults;
  readonly #groups: BindGroups;
  readonly #constants: Constants;
  readonly #arena: UploadArena;
  /** Kinds of calls to programs of TensorFlow.js. */
  readonly #kinds: RecentMap<string, Kind>;
  /** Uniforms of {@linkcode Recorder.params}, by content. */
  readonly #params: RecentMap<string, GPUBuffer>;
  /** The methods of the backend as they were. */
  readonly #published: Methods;
  /**
   * The uniform buffer of a program that runs the first time, once it is made; null when none runs.
   */
  #first: { uniform?: GPUBuffer } | null = null;
  #staged = 0;

  /** Replaces the methods of the backend that make dispatches. */
  constructor(backend: WebgpuBackend) {
    this.backend = backend;
    this.#faults = new DeviceFaults(backend.device);
    this.#groups = new BindGroups(backend.device);
    this.#pool = new BufferPool(
      backend.device,
      backend.bufferManager,
      (destroyed) => this.#groups.drop(destroyed),
    );
    this.#constants = new Constants(this.#pool);
    this.#arena = new UploadArena(backend.device);
    // Commands that are not yet submitted may use a uniform that is being forgotten.
    const release = (uniform: GPUBuffer) => void backend.uniformPendingDisposal.push(uniform);
    this.#kinds = new RecentMap(KINDS, ({ uniform }) => release(uniform));
    this.#params = new RecentMap(KINDS, release);
    this.#published = {
      uploadToGPU: backend.uploadToGPU.bind(backend),
      makeUniforms: backend.makeUniforms.bind(backend),
      runWebGPUProgram: backend.runWebGPUProgram.bind(backend),
      submitQueue: backend.submitQueue.bind(backend),
    };
    const methods: Methods & Pick<WebgpuBackend, "getBufferData"> = {
      uploadToGPU: (dataId) => void this.bufferOf(dataId),
      makeUniforms: (uniforms) => {
        const made = this.#published.makeUniforms(uniforms);
        // A uniform that is to be remembered must not be given back with the next submit.
        if (this.#first !== null) this.#first.uniform = backend.uniformPendingDisposal.pop()!;
        return made;
      },
      runWebGPUProgram: this.#run.bind(this),
      submitQueue: () => this.#submit(),
      getBufferData: (buffer) => this.#read(buffer),
    };
    Object.assign(backend, methods, { bufferManager: this.#pool });
    tf.env().set(BATCH_SIZE, DISPATCHES_PER_SUBMIT);
  }

  /** The buffer of a tensor's data, which is uploaded if it is on the host. */
  bufferOf(dataId: object): GPUBuffer {
    const data = this.backend.tensorMap.get(dataId);
    if (data.resource == null) this.#upload(data, dataId);
    return data.resource as GPUBuffer;
  }

  /** The buffer of a tensor that a kernel will write to in place; no other tensor shares it. */
  ownBufferOf(dataId: object): GPUBuffer {
    const shared = this.bufferOf(dataId);
    const data = this.backend.tensorMap.get(dataId);
    data.values = null; // a copy on the host would be out of date
    if (this.#pool.isKept(shared)) {
      data.resource = this.#pool.acquireBuffer(4, TENSOR_USAGE);
      this.#copy(shared, 0, data.resource, 4);
    }
    return data.resource as GPUBuffer;
  }

  /** A uniform buffer that holds integers, then float32 numbers, padded to 16 bytes. */
  params(integers: readonly number[], floats: readonly number[]): GPUBuffer {
    const key = `${integers};${exactly(floats)}`;
    let uniform = this.#params.get(key);
    if (uniform === undefined) {
      const words = new Int32Array(Math.ceil((integers.length + floats.length) / 4) * 4);
      words.set(integers);
      new Float32Array(words.buffer).set(floats, integers.length);
      uniform = this.#pool.acquireBuffer(words.byteLength, UNIFORM_USAGE);
      this.backend.queue.writeBuffer(uniform, 0, words);
      this.#params.set(key, uniform);
    }
    return uniform;
  }

  /** Records one dispatch with whole buffers bound in order, and submits when there are enough. */
  record(
    pipeline: GPUComputePipeline,
    buffers: readonly GPUBuffer[],
    [x, y, z]: readonly [x: number, y?: number, z?: number],
  ): void {
    const backend = this.backend;
    const group = this.#groups.get(pipeline, buffers);
    let pass = backend.computePassEncoder;
    if (pass === null) {
      backend.ensureCommandEncoderReady();
      pass = backend.computePassEncoder = backend.commandEncoder!.beginComputePass();
    }
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, group);
    pass.dispatchWorkgroups(x, y, z);
    if (++backend.dispatchCountInPass >= tf.env().getNumber(BATCH_SIZE)) this.#endAndSubmit();
  }

  #run(
    program: Program,
    inputs: readonly tf.TensorInfo[],
    dtype: tf.DataType,
    uniforms?: Uniforms,
    output?: tf.TensorInfo,
  ): tf.TensorInfo {
    const backend = this.backend;
    if (output !== undefined) this.ownBufferOf(output.dataId);
    if (backend.activeTimers != null || program.pixelsOpType != null) {
      return this.#published.runWebGPUProgram(program, inputs, dtype, uniforms, output);
    }
    let key = `${program.shaderKey};${program.workgroupSize};${program.dispatch};` +
      `${program.variableNames};${program.size};${program.outputComponent};${program.outputShape};` +
      (output === undefined ? dtype : `${output.dtype}:${output.shape}`);
    for (const { dataId, shape } of inputs) {
      key += `;${backend.tensorMap.get(dataId).dtype}:${shape}`;
    }
    for (const { type, data } of uniforms ?? []) key += `;${type}=${exactly(data)}`;
    const kind = this.#kinds.get(key);
    if (kind === undefined) return this.#runFirst(key, program, inputs, dtype, uniforms, output);
    output ??= backend.makeTensorInfo(program.outputShape, dtype);
    const buffers = [this.bufferOf(output.dataId)];
    for (const { dataId } of inputs) buffers.push(this.bufferOf(dataId));
    buffers.push(kind.uniform);
    this.record(kind.pipeline, buffers, kind.workgroups);
    return output;
  }

  /** Runs a program as published, and remembers its pipeline, workgroups and uniform. */
  #runFirst(key: string, ...call: Parameters<Methods["runWebGPUProgram"]>): tf.TensorInfo {
    const [program] = call;
    const { shaderKey } = program;
    const first: { uniform?: GPUBuffer } = this.#first = {};
    try {
      return this.#published.runWebGPUProgram(...call);
    } finally {
      this.#first = null;
      if (first.uniform !== undefined) {
        this.#kinds.set(key, {
          pipeline: program.pipeline!,
          workgroups: program.dispatch as Kind["workgroups"],
          uniform: first.uniform,
        });
      }
      program.shaderKey = shaderKey; // the published method makes it longer each time
    }
  }

  #upload(data: TensorData, dataId: object): void {
    const { values, dtype } = data;
    if (values == null || !(dtype === "float32" || dtype === "int32" || dtype === "bool")) {
      return this.#published.uploadToGPU(dataId);
    }
    const bytes = 4 * values.length;
    if (bytes === 0 || bytes > UploadArena.LARGEST) {
      this.#staged += bytes;
      if (this.#staged > STAGED_BYTES) this.#endAndSubmit();
      return this.#published.uploadToGPU(dataId);
    }
    const upload = () => {
      if (!this.#arena.hasRoom(bytes)) this.#endAndSubmit();
      const buffer = this.#pool.acquireBuffer(bytes, TENSOR_USAGE);
      const offset = this.#arena.add(values, dtype === "float32" ? "float" : "integer");
      this.#copy(this.#arena.buffer, offset, buffer, bytes);
      return buffer;
    };
    const constant = values.length === 1 ? this.#constants.get(dtype, values[0]!, upload) : null;
    data.resource = constant ?? upload();
    data.values = null;
  }

  /**
   * Copies a buffer to the host after all recorded commands.
   *
   * @throws {WebgpuError} when the device has reported that something could not be done
   */
  async #read(buffer: GPUBuffer): Promise<ArrayBuffer> {
    this.#constants.read();
    const { size } = buffer;
    const staging = this.#pool.acquireBuffer(size, READ_USAGE);
    this.#copy(buffer, 0, staging, size);
    this.#submit();
    try {
      return await earlyRead(staging, () => this.#pool.releaseBuffer(staging));
    } catch (error) {
      await turn(); // in which the device may tell why
      this.#faults.check();
      throw error;
    } finally {
      this.#faults.check();
    }
  }

  /** Whether the device is lost. */
  get isLost(): boolean {
    return this.#faults.isLost;
  }

  /**
   * Waits until the device has done everything, and told what it could not do.
   *
   * @throws {WebgpuError} when there was something
   */
  async settle(): Promise<void> {
    this.#endAndSubmit();
    await this.backend.queue.onSubmittedWorkDone().catch(() => {}); // of a lost device
    await turn();
    this.#faults.check();
  }

  #copy(from: GPUBuffer, offset: number, to: GPUBuffer, bytes: number): void {
    this.backend.ensureCommandEncoderReady();
    this.backend.endComputePassEncoder();
    this.backend.commandEncoder!.copyBufferToBuffer(from, offset, to, 0, bytes);
  }

  #endAndSubmit(): void {
    this.backend.ensureCommandEncoderReady();
    this.backend.endComputePassEncoder();
    this.#submit();
  }

  #submit(): void {
    this.#arena.flush();
    this.#published.submitQueue();
    this.#staged = 0;
    this.#pool.submitted();
  }
}

/** Waits for the events that are due. */
function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Numbers as a key that tells −0 from 0, which `${-0}` does not. */
function exactly(numbers: readonly number[]): string {
  return numbers.some((number) => Object.is(number, -0))
    ? Array.from(numbers, (number) => Object.is(number, -0) ? "-0" : number).join()
    : numbers.join();
}
