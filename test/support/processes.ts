import { readdir, readFile } from "node:fs/promises";

/** Whether any process has this text in its command line, whose words stand with NUL between them. */
export async function isRunning(text: string): Promise<boolean> {
  for (const entry of await readdir("/proc")) {
    if (!/^\d+$/.test(entry)) continue;
    const line = await readFile(`/proc/${entry}/cmdline`, "utf8").catch(() => "");
    if (line.includes(text)) return true;
  }
  return false;
}
