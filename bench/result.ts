/** What a run writes down. */
import { cpus, loadavg, release, totalmem } from "node:os";
import { peerVersion } from "./measure/indexing.ts";
import type { Measurements } from "./measure/context.ts";
import { firstLine } from "./process.ts";
import type { Row } from "./rows.ts";

export interface Result {
  readonly name: string;
  /** When the run ended, RFC 3339. */
  readonly date: string;
  readonly commit: string;
  readonly rounds: number;
  /** Segments that one connection took when throughput was measured. */
  readonly segments: number;
  readonly machine: Machine;
  readonly versions: Readonly<Record<string, string>>;
  /** Load averages of one minute, before and after: others at work make everything slower. */
  readonly load: { readonly before: number; readonly after: number };
  readonly rows: readonly Row[];
  readonly measurements: Measurements;
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGB: number;
  readonly kernel: string;
}

export function machine(): Machine {
  const [first, ...others] = cpus();
  return {
    cpu: first?.model.trim() ?? "unknown",
    cores: others.length + 1,
    memoryGB: Math.round(totalmem() / 1e9),
    kernel: `Linux ${release()}`,
  };
}

/** Versions of what was measured; what is not installed is left out. */
export async function versions(): Promise<Record<string, string>> {
  const found = {
    Node: process.versions.node,
    ffmpeg: (await firstLine("ffmpeg", ["-version"]))?.split(" ")[2],
    nginx: (await firstLine("nginx", ["-v"]))?.split("/")[1],
    "mp4box.js": await peerVersion("mp4box"),
    mediabunny: await peerVersion("mediabunny"),
  };
  return Object.fromEntries(Object.entries(found).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** The commit the program is built from, with a mark when its sources differ from it. */
export async function commit(): Promise<string> {
  const id = await firstLine("git", ["rev-parse", "--short", "HEAD"]);
  if (id === undefined) return "unknown";
  const changed = await firstLine("git", ["status", "--porcelain", "--", "src", "assembly", "package-lock.json"]);
  return changed === "" ? id : `${id} with changes`;
}

export function load(): number {
  return Math.round((loadavg()[0] ?? 0) * 100) / 100;
}
