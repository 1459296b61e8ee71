import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { closeOnSignals, startNode } from "../runtime/node.ts";

export const help = `boxcar serve

Starts the server on HOST (default 127.0.0.1) and PORT (default 8080) over the folder BOXCAR_DATA (default ./data).
All settings are environment variables; docs/configuration.md lists them. Ctrl-C lets running transfers finish.`;

/** Runs the command: returns once the server accepts requests; it ends with a signal. */
export async function run(args: string[]): Promise<number> {
  parseArgs({ args, options: {} });
  const running = await startNode(process.env);
  closeOnSignals(running);
  // V8 would let the room for short-lived objects grow to 48 MB, more than all else a download takes. Said by an option
  // of the command line, it would make Node compile its own modules anew at each start.
  setFlagsFromString("--semi-space-growth-factor=1");
  // That little is collected in less time than it takes to wake other threads, and to wait for them on a busy machine.
  setFlagsFromString("--no-parallel-scavenge");
  return 0;
}
