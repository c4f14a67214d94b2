import { gitObjectId, type GitTreeEntry, gitTreeId } from "../../hub/git_object.ts";
import { localServer } from "./local_server.ts";

/** Answers a request instead of the server, for tests of faults; undefined leaves it to the server. */
export type GithubTrick = (
  path: string,
  request: Request,
) => Response | undefined | Promise<Response | undefined>;

/** A folder: its entries by name, files as strings. */
export interface FakeFolder {
  [name: string]: string | FakeFolder;
}

/** One commit of `allenai/natural-instructions`, served as GitHub's API and its raw files do. */
export class FakeGithub implements AsyncDisposable {
  /** Paths of all requests, in order. */
  readonly asked: string[] = [];
  /** The headers of every request. */
  readonly headers: Headers[] = [];
  trick: GithubTrick = () => undefined;
  /** Changes a listing before it is sent. */
  lie: (entries: Record<string, unknown>[], tree: string) => unknown[] = (entries) => entries;
  readonly commit: string;
  readonly #record: Record<string, unknown>;
  readonly #trees = new Map<string, Record<string, unknown>[]>();
  readonly #blobs = new Map<string, string>();
  readonly #server = localServer((request) => this.#answer(request));

  constructor(readonly root: FakeFolder) {
    const tree = this.#add(root, "");
    const ann = { name: "Ann Example", email: "ann@example.org" };
    const message = "All tasks";
    const line = `${ann.name} <${ann.email}> 1651800000 +0200`;
    const text = `tree ${tree}\nauthor ${line}\ncommitter ${line}\n\n${message}\n`;
    this.commit = gitObjectId("commit", text);
    const person = { ...ann, date: "2022-05-06T01:20:00Z" };
    this.#record = {
      sha: this.commit,
      author: person,
      committer: person,
      tree: { sha: tree },
      message,
      parents: [],
      verification: { verified: false, reason: "unsigned", signature: null, payload: null },
    };
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Requests of the API; all others are for files. */
  get listings(): string[] {
    return this.asked.filter((path) => path.startsWith("/repos/"));
  }

  /** Requested files, by their path in the commit. */
  get fetched(): string[] {
    const start = `/allenai/natural-instructions/${this.commit}/`;
    return this.asked.filter((path) => path.startsWith(start)).map((path) =>
      path.slice(start.length)
    );
  }

  #add(folder: FakeFolder, path: string): string {
    const entries = Object.entries(folder).map(([name, content]): GitTreeEntry => {
      if (typeof content !== "string") {
        return { name, mode: "40000", id: this.#add(content, `${path}${name}/`) };
      }
      this.#blobs.set(`${path}${name}`, content);
      return { name, mode: "100644", id: gitObjectId("blob", content) };
    });
    const id = gitTreeId(entries);
    const listed = entries.map(({ name, mode, id }) => {
      const isFolder = mode === "40000";
      const text = this.#blobs.get(`${path}${name}`) ?? "";
      return {
        path: name,
        mode: mode.padStart(6, "0"),
        type: isFolder ? "tree" : "blob",
        sha: id,
        ...(!isFolder && { size: new TextEncoder().encode(text).length }),
      };
    });
    this.#trees.set(id, listed);
    return id;
  }

  async #answer(request: Request): Promise<Response> {
    const path = decodeURIComponent(new URL(request.url).pathname);
    this.asked.push(path);
    this.headers.push(new Headers(request.headers));
    const tricked = await this.trick(path, request);
    if (tricked !== undefined) return tricked;
    const repository = "/repos/allenai/natural-instructions/git";
    if (path === `${repository}/commits/${this.commit}`) return Response.json(this.#record);
    const entries = this.#trees.get(path.replace(`${repository}/trees/`, ""));
    if (entries !== undefined) {
      const sha = path.slice(-40);
      return Response.json({ sha, tree: this.lie(entries, sha), truncated: false });
    }
    const file = this.#blobs.get(path.replace(`/allenai/natural-instructions/${this.commit}/`, ""));
    if (file === undefined) return Response.json({ message: "Not Found" }, { status: 404 });
    const content = new TextEncoder().encode(file);
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.get("range") ?? "")?.[1] ?? 0);
    if (start === 0) return new Response(content);
    const headers = { "content-range": `bytes ${start}-${content.length - 1}/${content.length}` };
    return new Response(content.slice(start), { status: 206, headers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

/** Makes Super-NaturalInstructions with `count` tasks, the last of them a test task. */
export function fakeSuperni(count: number, instances = 8): FakeFolder {
  const name = (i: number) => `task${i + 1}_say_${"abc"[i % 3]}`;
  const names = Array.from({ length: count }, (_, i) => name(i));
  const tasks = names.map((name, i): [string, string] => [
    `${name}.json`,
    JSON.stringify({
      Categories: [`Category ${i % 3}`],
      Definition: [`Say it ${i} times, as in “é”.`],
      Instances: Array.from({ length: instances }, (_, j) => ({
        input: `word ${j}`,
        output: [`${i} ${j}`],
      })),
    }),
  ]);
  return {
    "README.md": "# Tasks\n",
    "tasks": { ...Object.fromEntries(tasks), "README.md": "not wanted" },
    "tasks-old": { "task0_old.json": "not wanted" },
    "splits": {
      "README.md": "not wanted",
      "default": {
        "train_tasks.txt": names.slice(0, -1).join("\n") + "\n",
        "test_tasks.txt": names.at(-1) + "\n",
        "excluded_tasks.txt": "",
        "train_tasks_other.txt": "not wanted",
      },
    },
  };
}
