/**
 * What the library asks of a file system: a part of Deno's own functions, under Deno's names and with Deno's
 * meaning. `this_machine.ts` says which file system a program has.
 *
 * @module
 */

/** What is known of a file or folder. */
export interface FileInfo {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  /** Bytes. */
  readonly size: number;
  readonly mtime: Date | null;
  readonly ctime: Date | null;
  readonly ino: number | null;
  readonly dev: number;
}

/** A file that is open, with a place in it. */
export interface MachineFile {
  read(into: Uint8Array): Promise<number | null>;
  readSync(into: Uint8Array): number | null;
  write(bytes: Uint8Array): Promise<number>;
  writeSync(bytes: Uint8Array): number;
  /** Goes to a place; `whence` is 0, the start of the file. */
  seek(offset: number, whence: number): Promise<number>;
  seekSync(offset: number, whence: number): number;
  stat(): Promise<FileInfo>;
  sync(): Promise<void>;
  truncate(length?: number): Promise<void>;
  truncateSync(length?: number): void;
  lock(exclusive?: boolean): Promise<void>;
  tryLock(exclusive?: boolean): Promise<boolean>;
  close(): void;
}

/** How a file is opened; for reading when nothing is said. */
export interface OpenMode {
  readonly read?: boolean;
  readonly write?: boolean;
  readonly create?: boolean;
  readonly createNew?: boolean;
}

/** A file system. */
export interface Machine {
  readonly errors: {
    readonly NotFound: new (message?: string) => Error;
    readonly NotADirectory: new (message?: string) => Error;
  };
  copyFile(from: string, to: string): Promise<void>;
  link(from: string, to: string): Promise<void>;
  mkdir(path: string, options?: { readonly recursive?: boolean }): Promise<void>;
  open(path: string, options?: OpenMode): Promise<MachineFile>;
  readDir(path: string): AsyncIterable<{ readonly name: string }>;
  readFile(path: string): Promise<Uint8Array<ArrayBuffer>>;
  realPath(path: string): Promise<string>;
  remove(path: string): Promise<void>;
  removeSync(path: string): void;
  rename(from: string, to: string): Promise<void>;
  stat(path: string): Promise<FileInfo>;
  statSync(path: string): FileInfo;
  /** Makes a symbolic link; `target` is as seen from the folder of the link. */
  symlink(target: string, path: string): Promise<void>;
}

/** The start of a file, for `seek`. */
export const FROM_START = 0;
