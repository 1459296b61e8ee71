#!/usr/bin/env node
import type { ErrorCode } from "../base/error-codes.ts";
import { BoxcarError } from "../base/errors.ts";
import { endOnFailure, tellFailure } from "../runtime/node/start-failure.ts";

/** What is wrong with the arguments themselves; of files and variables no command lets these go so far. */
const usageErrors: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "bad_usage",
  "bad_time_zone",
  "bad_time",
  "bad_duration",
  "bad_range",
  "bad_pattern",
  "bad_stream_path",
]);

/** A command of the terminal: each lives in a module of its own, loaded when it is asked for. */
interface Command {
  /** Shown for `boxcar COMMAND --help`. */
  readonly help: string;
  /** Runs it. @returns the exit code: 0 done, 1 something was refused, 2 the arguments make no sense, 130 interrupted */
  run(args: string[]): Promise<number>;
}

const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: () => import("./serve.ts"),
  import: () => import("./import.ts"),
  clip: () => import("./clip.ts"),
  retain: () => import("./retain.ts"),
  migrate: () => import("./migrate.ts"),
  doctor: () => import("./doctor.ts"),
  adopt: () => import("./adopt.ts"),
  inspect: () => import("./inspect.ts"),
  demo: () => import("./demo.ts"),
  worker: () => import("./worker.ts"),
};

const help = `boxcar: any time range of recorded MP4 segments as one seamless MP4

  boxcar serve                       start the server (environment variables: docs/configuration.md)
  boxcar import DIR --pattern P      take in a folder of recordings
  boxcar retain --dry-run            remove what sources do not keep any longer, or say what that is
  boxcar migrate                     bring the catalog to the newest schema
  boxcar doctor                      try the configured store and catalog, and say what is wrong
  boxcar adopt                       serve media that were copied to the configured store by other means
  boxcar clip A.mp4 B.mp4 -o OUT     cut and join files without a server
  boxcar inspect FILE                show boxes, tracks and samples
  boxcar worker                      run the Cloudflare Worker on this machine
  boxcar demo                        record, upload, download and check an example

boxcar COMMAND --help tells more.`;

async function main([name = "--help", ...args]: readonly string[]): Promise<number> {
  if (name === "--help" || name === "-h" || name === "help") {
    console.log(help);
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (load === undefined) {
    console.error(`boxcar: there is no command ${name}.\n\n${help}`);
    return 2;
  }
  const command = await load();
  if (args.includes("--help") || args.includes("-h")) {
    console.log(command.help);
    return 0;
  }
  try {
    return await command.run(args);
  } catch (error) {
    if (error instanceof BoxcarError) {
      console.error(`boxcar: ${error.message}`);
      return usageErrors.has(error.code) ? 2 : 1;
    }
    // what node:util's parseArgs refuses
    if (error instanceof TypeError && "code" in error && String(error.code).startsWith("ERR_PARSE_ARGS")) {
      console.error(`boxcar: ${error.message}\n\n${command.help}`);
      return 2;
    }
    tellFailure(error);
    return 1;
  }
}

const isDone = endOnFailure();
process.exitCode = await main(process.argv.slice(2));
isDone();
