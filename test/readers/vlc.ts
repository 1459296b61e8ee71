/** VLC as a reader: what its decoders hand out, taken where it transcodes. */
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { promisify } from "node:util";
import { readWithFfmpeg, TIMEOUT_MS, type Given } from "./programs.ts";
import type { Reading } from "./reading.ts";

/** VLC refuses to be run by root, and by somebody else cannot write into folders of root's. */
const somebody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

function vlc(...args: readonly string[]): Promise<{ stdout: Buffer }> {
  const bounds = { maxBuffer: 1 << 28, timeout: TIMEOUT_MS, killSignal: "SIGKILL" as const };
  const env = { ...process.env, HOME: tmpdir() };
  return promisify(execFile)("cvlc", args, { encoding: "buffer", env, ...bounds, ...somebody });
}

/** Its version; undefined when there is no VLC. */
export async function vlcVersion(): Promise<string | undefined> {
  const { stdout } = await vlc("--version").catch(() => ({ stdout: Buffer.alloc(0) }));
  return /\d+(\.\d+)+/.exec(stdout.toString())?.[0];
}

/** Lets it fetch the file and write pictures and sound, decoded, with the times of its clock. */
export async function readWithVlc({ url, scratch, ...given }: Given): Promise<Reading> {
  const written = `${scratch}.mkv`;
  const chain = "#transcode{vcodec=png,acodec=s16l}:std{access=file,mux=mkv,dst=-}";
  const { stdout } = await vlc("-q", "-I", "dummy", "--sout", chain, url, "vlc://quit");
  await writeFile(written, stdout);
  const { pictures = [], sound = [] } = await readWithFfmpeg({ ...given, url, scratch, file: written });
  await rm(written);
  return { pictures, sound, transcoded: true };
}
