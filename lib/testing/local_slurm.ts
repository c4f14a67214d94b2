/** A real Slurm of one node on this machine, for tests. */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import os from "node:os";

/** What it takes: Debian's slurmctld, slurmd, slurm-client and munge. */
const PROGRAMS = ["slurmctld", "slurmd", "munged", "sbatch", "squeue", "scancel"];

/** Folders of programs; those of daemons are not in the `PATH` of every user. */
const FOLDERS = [...(Deno.env.get("PATH") ?? "").split(delimiter), "/usr/sbin", "/sbin"];

/** Whether this machine can have one: the programs are there, and the daemons may be started. */
export const HAS_SLURM: boolean = Deno.build.os === "linux" && Deno.uid() === 0 &&
  PROGRAMS.every((name) => FOLDERS.some((folder) => existsSync(join(folder, name))));

/** How long a daemon may take to start or to stop, in ms. */
const PATIENCE = 30_000;

/**
 * Slurm with a controller and one node, in a folder of its own and on free ports of the loopback. It needs
 * no systemd, no cgroups and no network, and ends with the scope that holds it.
 */
export class LocalSlurm implements AsyncDisposable {
  private constructor(readonly dir: string) {}

  /** Variables by which the programs of Slurm find it. */
  get environment(): Record<string, string> {
    return { SLURM_CONF: join(this.dir, "slurm.conf") };
  }

  /** Starts it, and waits until its node takes jobs. */
  static async start(): Promise<LocalSlurm> {
    const slurm = new LocalSlurm(await Deno.makeTempDir({ prefix: "slurm-" }));
    try {
      await slurm.#start();
      return slurm;
    } catch (error) {
      await slurm[Symbol.asyncDispose]();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { dir } = this;
    for (const name of ["state", "spool", "log"]) await Deno.mkdir(join(dir, name));
    await Deno.writeFile(join(dir, "munge.key"), crypto.getRandomValues(new Uint8Array(1024)), {
      mode: 0o400,
    });
    await Deno.writeTextFile(join(dir, "slurm.conf"), configuration(dir));
    await this.run("munged", [
      "--force",
      `--key-file=${join(dir, "munge.key")}`,
      `--socket=${join(dir, "munge.sock")}`,
      `--pid-file=${join(dir, "munged.pid")}`,
      `--log-file=${join(dir, "log", "munged.log")}`,
      `--seed-file=${join(dir, "munge.seed")}`,
    ]);
    await this.run("slurmctld", ["-c"]);
    await this.run("slurmd", ["-N", os.hostname().split(".")[0]!]);
    const isReady = async () => /^(idle|mix)/.test(await this.run("sinfo", ["-h", "-o", "%T"]));
    await until(() => isReady().catch(() => false), "the node of Slurm takes no jobs");
  }

  /**
   * Runs a program of Slurm.
   * @returns what it prints
   */
  async run(name: string, args: readonly string[]): Promise<string> {
    const path = FOLDERS.map((folder) => join(folder, name)).find((file) => existsSync(file));
    const { success, stdout, stderr } = await new Deno.Command(path ?? name, {
      args: [...args],
      env: this.environment,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    if (!success) throw new Error(`${name} failed: ${text(stderr)}${text(stdout)}`);
    return text(stdout);
  }

  /** Ends its jobs and daemons, by the process numbers that they have written down. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("scancel", ["--full", "--signal=KILL", "--user=root"]).catch(() => {});
    for (const name of ["slurmd", "slurmctld", "munged"]) {
      const path = join(this.dir, `${name}.pid`);
      const pid = existsSync(path) ? Number(await Deno.readTextFile(path)) : 0;
      if (!(pid > 1)) continue;
      try {
        Deno.kill(pid, "SIGTERM");
      } catch {
        continue; // it has ended
      }
      await until(() => Promise.resolve(!existsSync(`/proc/${pid}`)), `${name} does not end`);
    }
    await Deno.remove(this.dir, { recursive: true });
  }
}

async function until(isSo: () => Promise<boolean>, why: string): Promise<void> {
  for (const end = Date.now() + PATIENCE; !await isSo();) {
    if (Date.now() > end) throw new Error(`Waited too long: ${why}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Ports of the loopback that nobody listens on at the moment. */
function freePorts(count: number): number[] {
  const listeners = Array.from(
    { length: count },
    () => Deno.listen({ hostname: "127.0.0.1", port: 0 }),
  );
  for (const listener of listeners) listener.close();
  return listeners.map(({ addr }) => addr.port);
}

function configuration(dir: string): string {
  const host = os.hostname().split(".")[0]!;
  const [controller, node] = freePorts(2);
  return `ClusterName=local
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${controller}
SlurmdPort=${node}
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=${dir}/munge.sock
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
StateSaveLocation=${dir}/state
SlurmdSpoolDir=${dir}/spool
SlurmctldPidFile=${dir}/slurmctld.pid
SlurmdPidFile=${dir}/slurmd.pid
SlurmctldLogFile=${dir}/log/slurmctld.log
SlurmdLogFile=${dir}/log/slurmd.log
SchedulerParameters=sched_interval=2,batch_sched_delay=1
KillWait=5
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
NodeName=${host} NodeAddr=127.0.0.1 CPUs=${navigator.hardwareConcurrency} RealMemory=1000 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}
