/** Servers and senders of live streams, as people use them, on 127.0.0.1. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { connect, createServer, type AddressInfo } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { ffmpegPath } from "../support/tools.ts";

/** Processes that run until the end. */
const running: ChildProcess[] = [];

/** Ends all that was started. */
export function endAll(): void {
  for (const child of running) child.kill("SIGKILL");
}

/** Starts a program, whose output nobody wants. */
export function begin(command: string, args: readonly string[], cwd?: string): ChildProcess {
  const child = spawn(command, args, { stdio: "ignore", cwd });
  child.on("error", () => undefined); // it is missing: what it should serve is not there, then
  running.push(child);
  return child;
}

/** Sends a file once, at its own pace. @param output as ffmpeg has it */
export function send(file: string, output: readonly string[]): ChildProcess {
  return begin(ffmpegPath, ["-v", "error", "-nostdin", "-re", "-i", file, "-c", "copy", ...output]);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Waits until a port is listened at. */
async function listening(port: number): Promise<void> {
  for (let attempts = 0; attempts < 100; attempts++) {
    const socket = connect(port, "127.0.0.1");
    const isOpen = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (isOpen) return;
    await pause(100);
  }
  throw new Error(`nothing listens at ${String(port)}`);
}

/** Ports of a server of RTMP that also serves by HTTP. */
export interface MediaServer {
  readonly rtmp: number;
  readonly http: number;
}

const NMS = "node-media-server@4.4.3";

/** node-media-server, which is installed below `folder` the first time; undefined where that fails. */
export async function startNodeMediaServer(folder: string): Promise<MediaServer | undefined> {
  const installed = join(folder, "peers");
  const program = join(installed, "node_modules", "node-media-server", "bin", "app.js");
  if (!existsSync(program)) {
    await mkdir(installed, { recursive: true });
    await once(begin("npm", ["install", "--prefix", installed, "--no-audit", "--no-fund", NMS]), "exit");
    if (!existsSync(program)) return undefined;
  }
  const ports = { rtmp: await freePort(), http: await freePort() };
  const path = join(folder, "nms.json");
  const auth = { play: false, publish: false, secret: "", jwt: { users: [] } };
  const listens = { bind: "127.0.0.1", rtmp: { port: ports.rtmp }, http: { port: ports.http }, auth };
  const keeps = { store: { path: join(folder, "nms") }, record: { auto: false, path: join(folder, "nms") } };
  await writeFile(path, JSON.stringify({ ...listens, ...keeps, notify: { url: "" }, webadmin: { enable: false } }));
  begin(process.execPath, [program, "-c", path], folder);
  await listening(ports.rtmp);
  return ports;
}

const RTMP_MODULE = "/usr/lib/nginx/modules/ngx_rtmp_module.so";

/** nginx with its RTMP module, which serves HLS by HTTP; undefined where it is missing. */
export async function startNginxRtmp(folder: string): Promise<MediaServer | undefined> {
  if (!existsSync(RTMP_MODULE)) return undefined;
  const ports = { rtmp: await freePort(), http: await freePort() };
  const prefix = join(folder, "nginx");
  await mkdir(join(prefix, "hls"), { recursive: true });
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
    (name) => `${name}_temp_path ${prefix}/${name};`,
  );
  const configuration = `load_module ${RTMP_MODULE};
${userInfo().uid === 0 ? "user root;" : ""}
daemon off; worker_processes 1; pid ${prefix}/pid;
events {}
rtmp { server { listen 127.0.0.1:${String(ports.rtmp)}; application live {
  live on; hls on; hls_path ${prefix}/hls; hls_fragment 2s; hls_playlist_length 20s;
} } }
http {
  access_log off; ${temporary.join(" ")}
  types { application/vnd.apple.mpegurl m3u8; video/mp2t ts; }
  server { listen 127.0.0.1:${String(ports.http)}; root ${prefix}/hls; }
}
`;
  await writeFile(join(prefix, "nginx.conf"), configuration);
  begin("nginx", ["-p", prefix, "-c", join(prefix, "nginx.conf"), "-e", join(prefix, "error.log")]);
  await listening(ports.rtmp);
  return ports;
}
