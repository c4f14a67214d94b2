/**
 * Event files as TensorBoard reads them: records of TFRecord with masked CRC-32C, each an `Event` of
 * `tensorflow/core/util/event.proto` in the wire format of protocol buffers. Only numbers over steps and texts
 * are written, in the forms that every version of TensorBoard reads.
 */

/** A number of a run at a step. */
export interface Scalar {
  readonly tag: string;
  readonly step: number;
  readonly value: number;
  /** When it was measured, in seconds since 1970. */
  readonly time: number;
}

/**
 * An event file.
 *
 * @param scalars in any order; their values are kept as 32-bit numbers
 * @param time when the file begins, in seconds since 1970
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * const bytes = eventFile([{ tag: "loss", step: 1, value: 0.5, time: 0 }], 0);
 * assert.equal(new TextDecoder().decode(bytes.subarray(23, 36)), "brain.Event:2");
 * ```
 */
export function eventFile(scalars: readonly Scalar[], time: number): Uint8Array<ArrayBuffer> {
  const records = [
    record([...double(1, time), ...text(3, "brain.Event:2")]),
    ...scalars.map(({ tag, step, value, time }) =>
      record([
        ...double(1, time),
        ...integer(2, step),
        // Summary { value { tag, simple_value } }
        ...message(5, message(1, [...text(1, tag), ...float(2, value)])),
      ])
    ),
  ];
  const bytes = new Uint8Array(records.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of records) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** A record of TFRecord: its length, the checksum of that, the data, and the checksum of these. */
function record(data: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(data.length + 16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc(bytes.subarray(0, 8)), true);
  bytes.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc(bytes.subarray(12, 12 + data.length)), true);
  return bytes;
}

/**
 * The CRC-32C (Castagnoli) of bytes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 *
 * assert.equal(crc32c(new TextEncoder().encode("123456789")), 0xe3069283); // RFC 3720
 * ```
 */
export function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

/** The checksum as TFRecord masks it. */
function maskedCrc(bytes: Uint8Array): number {
  const crc = crc32c(bytes);
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = BigInt(value);; rest >>= 7n) {
    if (rest < 128n) return [...bytes, Number(rest)];
    bytes.push(Number(rest & 127n) | 128);
  }
}

/** Fields of protocol buffers: the number of the field with the kind of its value, then the value. */
function integer(field: number, value: number): number[] {
  return [field << 3, ...varint(value)];
}

function double(field: number, value: number): number[] {
  return [field << 3 | 1, ...new Uint8Array(new Float64Array([value]).buffer)];
}

function float(field: number, value: number): number[] {
  return [field << 3 | 5, ...new Uint8Array(new Float32Array([value]).buffer)];
}

function message(field: number, bytes: readonly number[]): number[] {
  return [field << 3 | 2, ...varint(bytes.length), ...bytes];
}

function text(field: number, value: string): number[] {
  return message(field, [...new TextEncoder().encode(value)]);
}
