/** Ceph's S3 server on loopback: one monitor, one storage daemon that keeps everything in memory, one gateway. */
import { execFile, execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** Why it cannot run here; undefined when it can. */
export const radosgwMissing = ["ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "monmaptool", "ceph"].every(isThere)
  ? undefined
  : "radosgw is not installed (Debian: apt-get install ceph-mon ceph-osd radosgw)";

export interface Radosgw {
  /** Origin. */
  readonly endpoint: string;
  readonly keyId: string;
  readonly secret: string;
  close(): Promise<void>;
}

function isThere(program: string): boolean {
  try {
    execFileSync("sh", ["-c", `command -v ${program}`]);
    return true;
  } catch {
    return false;
  }
}

const run = promisify(execFile);

/** Starts it in about 12 seconds. */
export async function startRadosgw(): Promise<Radosgw> {
  const folder = await mkdtemp(join(tmpdir(), "boxcar-radosgw-"));
  const children: ChildProcess[] = [];
  const close = async (): Promise<void> => {
    for (const child of children.reverse()) await ended(child);
    await rm(folder, { recursive: true });
  };
  try {
    const [fsid, osdId] = [randomUUID(), randomUUID()];
    const [monPort, port] = [await freePort(), await freePort()];
    const monitor = `[v2:127.0.0.1:${monPort}]`;
    await mkdir(join(folder, "osd"));
    await mkdir(join(folder, "rgw"));
    await writeFile(join(folder, "keyring"), keyring());
    await writeFile(join(folder, "ceph.conf"), configuration(folder, fsid, monitor, port));
    const conf = ["-c", join(folder, "ceph.conf")];
    const daemon = (program: string, ...args: string[]): void => {
      const output = openSync(join(folder, `${program}.out`), "w");
      children.push(spawn(program, [...conf, ...args, "-f"], { stdio: ["ignore", output, output] }));
      closeSync(output);
    };
    const map = join(folder, "monmap");
    await run("monmaptool", ["--create", "--addv", "a", monitor, "--fsid", fsid, map]);
    const keys = ["--keyring", join(folder, "keyring")];
    await run("ceph-mon", [...conf, "--mkfs", "-i", "a", "--monmap", map, ...keys]);
    daemon("ceph-mon", "-i", "a");
    await run("ceph", [...conf, "osd", "new", osdId], { timeout: 30_000 });
    await run("ceph-osd", [...conf, "-i", "0", "--mkfs", "--osd-uuid", osdId]);
    daemon("ceph-osd", "-i", "0");
    const [keyId, secret] = ["boxcar-test", randomBytes(20).toString("hex")];
    const user = ["--uid=boxcar", "--display-name=boxcar", `--access-key=${keyId}`, `--secret-key=${secret}`];
    await run("radosgw-admin", [...conf, "user", "create", ...user], { timeout: 60_000 });
    daemon("radosgw", "-n", "client.admin");
    const endpoint = `http://127.0.0.1:${port}`;
    await answers(endpoint, () => readFile(join(folder, "radosgw.out"), "utf8"));
    return { endpoint, keyId, secret, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function configuration(folder: string, fsid: string, monitor: string, port: number): string {
  return `[global]
fsid = ${fsid}
mon_host = ${monitor}
mon_initial_members = a
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
auth_allow_insecure_global_id_reclaim = false
keyring = ${folder}/keyring
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
ms_bind_msgr1 = false
run_dir = ${folder}
admin_socket =
pid_file =
log_file = ${folder}/$name.log
mon_data = ${folder}/mon
osd_data = ${folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_osd_crush_smoke_test = false
rgw_data = ${folder}/rgw
rgw_frontends = beast endpoint=127.0.0.1:${port}
`;
}

/** The cluster's keys, as ceph-authtool would make them: type, seconds, nanoseconds and length before 16 bytes. */
function keyring(): string {
  const key = (): string => {
    const bytes = Buffer.alloc(28);
    bytes.writeUInt16LE(1, 0);
    bytes.writeUInt32LE(Math.floor(Date.now() / 1000), 2);
    bytes.writeUInt16LE(16, 10);
    randomBytes(16).copy(bytes, 12);
    return bytes.toString("base64");
  };
  const entity = (name: string, caps: readonly string[]): string =>
    [`[${name}]`, `key = ${key()}`, ...caps.map((cap) => `caps ${cap}`), ""].join("\n");
  return [
    entity("mon.", ['mon = "allow *"']),
    entity("client.admin", ['mon = "allow *"', 'osd = "allow *"', 'mgr = "allow *"']),
    entity("osd.0", ['mon = "allow profile osd"', 'osd = "allow *"']),
  ].join("");
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(endpoint: string, output: () => Promise<string>): Promise<void> {
  const patience = Date.now() + 60_000;
  while (Date.now() < patience) {
    const isUp = await fetch(endpoint).then(
      ({ ok }) => ok,
      () => false,
    );
    if (isUp) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`radosgw does not answer:\n${await output()}`);
}

function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve();
  return new Promise((resolve) => {
    child.once("exit", () => resolve());
    child.kill("SIGKILL");
  });
}
