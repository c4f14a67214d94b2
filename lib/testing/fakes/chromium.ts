import { join } from "node:path";
import { findChromium } from "../../commands/examine.ts";

/** Path of a Chromium; null when there is none, in which case tests that need it are ignored. */
export const CHROMIUM: string | null = await findChromium();

/** A page in a headless Chromium, driven over its DevTools protocol. */
export class Page {
  readonly #pending = new Map<number, (reply: Reply) => void>();
  readonly #listeners = new Map<string, (params: Record<string, unknown>) => void>();
  #next = 1;
  #session: string | undefined;

  private constructor(
    readonly process: Deno.ChildProcess,
    readonly profile: string,
    readonly socket: WebSocket,
  ) {
    socket.addEventListener("message", ({ data }) => {
      const reply = JSON.parse(data) as Reply;
      if (reply.id === undefined) this.#listeners.get(reply.method!)?.(reply.params ?? {});
      else this.#pending.get(reply.id)?.(reply);
    });
  }

  /**
   * Opens a page of the given size, in CSS pixels.
   * @param flags of Chromium, besides those of every test
   */
  static async open(
    url: string,
    width: number,
    height: number,
    flags: readonly string[] = ["--disable-gpu"],
  ): Promise<Page> {
    const profile = await Deno.makeTempDir();
    const process = new Deno.Command(CHROMIUM!, {
      args: [
        ...["--headless", "--no-sandbox", "--no-first-run", ...flags],
        ...["--disable-background-networking", "--remote-debugging-port=0"],
        ...[`--user-data-dir=${profile}`, `--window-size=${width},${height}`, "about:blank"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    const socket = new WebSocket(await debuggerAddress(process.stderr));
    await new Promise((resolve) => socket.addEventListener("open", resolve, { once: true }));
    const page = new Page(process, profile, socket);
    const { targetId } = await page.send("Target.createTarget", { url: "about:blank" });
    const attached = await page.send("Target.attachToTarget", { targetId, flatten: true });
    page.#session = attached.sessionId as string;
    await page.send("Page.enable");
    await page.send("Emulation.setDeviceMetricsOverride", {
      ...{ width, height, deviceScaleFactor: 1, mobile: false },
    });
    await page.go(url);
    return page;
  }

  /** Goes to another address, and waits until it is loaded. */
  async go(url: string): Promise<void> {
    const loaded = new Promise((resolve) => this.#listeners.set("Page.loadEventFired", resolve));
    await this.send("Page.navigate", { url });
    await loaded;
  }

  /** Waits until an expression is true, for a minute at most. */
  async until(expression: string): Promise<void> {
    await this.evaluate(`new Promise((resolve, reject) => {
      const end = Date.now() + 60000;
      const look = () => {
        if (${expression}) resolve();
        else if (Date.now() > end) reject(new Error(document.body.innerText.slice(0, 2000)));
        else setTimeout(look, 20);
      };
      look();
    })`);
  }

  /** Waits until a page of this project has drawn all of its sections. */
  async drawn(): Promise<void> {
    await this.until(
      `document.querySelector("section") && !document.querySelector("[aria-busy=true]")`,
    );
  }

  /** Evaluates an expression in the page. */
  async evaluate<T>(expression: string): Promise<T> {
    const { result, exceptionDetails } = await this.send("Runtime.evaluate", {
      ...{ expression, returnByValue: true, awaitPromise: true },
    }) as { result: { value: T }; exceptionDetails?: { exception: { description: string } } };
    if (exceptionDetails !== undefined) throw new Error(exceptionDetails.exception.description);
    return result.value;
  }

  /** Presses and releases a key, as a person does. */
  async press(key: "Tab" | "Enter" | "Escape"): Promise<void> {
    const code = { Tab: 9, Enter: 13, Escape: 27 }[key];
    const event = { key, code: key, windowsVirtualKeyCode: code };
    const text = key === "Enter" ? { text: "\r" } : {};
    await this.send("Input.dispatchKeyEvent", { type: "keyDown", ...event, ...text });
    await this.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }

  /** Types text into the focused element. */
  async type(text: string): Promise<void> {
    await this.send("Input.insertText", { text });
  }

  /** Sends one command of the protocol. */
  async send(method: string, params: object = {}): Promise<Record<string, unknown>> {
    const id = this.#next++;
    const reply = await new Promise<Reply>((resolve) => {
      this.#pending.set(id, resolve);
      const session = this.#session === undefined ? {} : { sessionId: this.#session };
      this.socket.send(JSON.stringify({ id, method, params, ...session }));
    });
    this.#pending.delete(id);
    if (reply.error !== undefined) throw new Error(`${method}: ${reply.error.message}`);
    return reply.result ?? {};
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) =>
      this.socket.addEventListener("close", resolve, { once: true })
    );
    this.#session = undefined;
    this.socket.send(JSON.stringify({ id: this.#next++, method: "Browser.close" }));
    await Promise.all([closed, this.process.status]);
    await Deno.remove(this.profile, { recursive: true }).catch(() => {});
  }
}

interface Reply {
  readonly id?: number;
  readonly method?: string;
  readonly params?: Record<string, unknown>;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/**
 * Reads the address at which a Chromium listens from its output; the rest of the output is dropped.
 */
async function debuggerAddress(stderr: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const reader = stderr.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (true) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`Chromium ended: ${text}`);
    text += value;
    const found = /DevTools listening on (ws:\S+)/.exec(text);
    if (found === null) continue;
    void (async () => {
      while (!(await reader.read()).done);
    })();
    return found[1]!;
  }
}

/** The address of a file, for {@linkcode Page.open}. */
export function fileUrl(dir: string, name: string): string {
  return new URL(`file://${join(dir, name)}`).href;
}
