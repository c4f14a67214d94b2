/** Thrown when a WebGPU device has reported that something it was told to do could not be done. */
export class WebgpuError extends Error {
  /** For those who tell errors apart by name. */
  override readonly name = "WebgpuError";
}

/**
 * What a WebGPU device reports when a shader does not compile, a binding does not fit or memory runs out.
 * No call throws for that: the commands in question are left out, and their outputs hold zeros or
 * whatever was there before.
 */
export class DeviceFaults {
  #first: string | null = null;
  #loss: string | null = null;

  /** Listens to the device from now on. */
  constructor(device: GPUDevice) {
    device.addEventListener("uncapturederror", (event) => {
      event.preventDefault(); // it is reported by check()
      this.#first ??= (event as GPUUncapturedErrorEvent).error.message.trim();
    });
    device.lost.then(({ reason, message }) => {
      this.#loss = [`reason ${reason}`, message.trim()].filter((part) => part !== "").join(": ");
    });
  }

  /** Whether the device is lost, after which nothing can be computed on it. */
  get isLost(): boolean {
    return this.#loss !== null;
  }

  /**
   * Reports the first fault since the last call. The device tells of a fault some time after it came
   * about, so a read that follows at once may not be stopped by it, but the next is.
   *
   * @throws {WebgpuError} when there was one; always once the device is lost
   */
  check(): void {
    if (this.#loss !== null) {
      throw new WebgpuError(
        `Cannot compute on WebGPU as its device is lost (${this.#loss}): ` +
          `what was on it is gone, start again on a new one`,
      );
    }
    if (this.#first === null) return;
    const fault = this.#first;
    this.#first = null;
    throw new WebgpuError(
      `Cannot trust what was computed on WebGPU as the device reports: ${fault}`,
    );
  }
}
