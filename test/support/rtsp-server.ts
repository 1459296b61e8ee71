import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";

/** A server of RTSP by GStreamer on 127.0.0.1. */
export interface RtspServer {
  readonly port: number;
  /** The process, which is to be killed. */
  readonly process: ChildProcess;
}

/**
 * Starts gst-rtsp-server; undefined where its bindings are missing.
 * @param paths what is served, as `gst-launch-1.0` has it, by path
 * @param account user and password that it asks for, by Digest
 */
export async function startRtspServer(
  paths: Readonly<Record<string, string>>,
  account?: readonly [user: string, password: string],
): Promise<RtspServer | undefined> {
  const script = [
    "import gi, json, sys",
    'gi.require_version("Gst", "1.0"); gi.require_version("GstRtspServer", "1.0")',
    "from gi.repository import Gst, GstRtspServer, GLib",
    "Gst.init(None)",
    "paths, account = json.loads(sys.argv[1])",
    'server = GstRtspServer.RTSPServer(); server.set_address("127.0.0.1"); server.set_service("0")',
    "if account:",
    "    auth = GstRtspServer.RTSPAuth(); auth.set_supported_methods(2)  # Digest",
    '    token = GstRtspServer.RTSPToken(); token.set_string("media.factory.role", "user")',
    "    auth.add_digest(account[0], account[1], token); server.set_auth(auth)",
    "for path, launch in paths.items():",
    "    media = GstRtspServer.RTSPMediaFactory(); media.set_shared(True); media.set_launch(launch)",
    '    if account: media.add_role_from_structure(Gst.Structure.new_from_string("user, media.factory.access=(boolean)true, media.factory.construct=(boolean)true"))',
    "    server.get_mount_points().add_factory(path, media)",
    "server.attach(None); print(server.get_bound_port(), flush=True); GLib.MainLoop().run()",
  ].join("\n");
  const given = JSON.stringify([paths, account ?? null]);
  const child = spawn("/usr/bin/python3", ["-c", script, given], { stdio: ["ignore", "pipe", "ignore"] });
  const [port] = (await Promise.race([
    once(child.stdout, "data"),
    once(child, "exit"),
    once(child, "error"),
  ])) as unknown[];
  return port instanceof Buffer ? { port: Number(port.toString()), process: child } : undefined;
}
