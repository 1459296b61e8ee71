import { parseArgs } from "node:util";
import { readConfig } from "../config/config.ts";
import { formatTime } from "../base/time.ts";
import { BelievedTime } from "../record/believed-time.ts";
import { overShares, retain } from "../record/retention.ts";
import { openNodeParts } from "../runtime/node/node-parts.ts";
import { retentionParts } from "../runtime/node/retention.ts";

export const help = `boxcar retain [--dry-run] [--trust-clock]

Removes what the sources of the catalog do not keep any longer (retention.age, retention.bytes), and the oldest recordings while the disk
is above BOXCAR_DISK_HIGH, or all recordings are above BOXCAR_STORE_HIGH. A server does so once a minute. Segments of events rated high are
not removed, unless the source says for how long they are protected (retention.protected).

  --dry-run      say what would be removed, and remove nothing
  --trust-clock  go by the clock also where it is more than a day ahead of when recordings were last looked through: else ages are
                 reckoned by that time, since a clock that is wrong would have all recordings removed`;

/** Runs the command. */
export async function run(args: string[]): Promise<number> {
  const flag = { type: "boolean", default: false } as const;
  const { values } = parseArgs({ args, options: { "dry-run": flag, "trust-clock": flag } });
  const config = readConfig(process.env);
  const parts = await openNodeParts(config);
  try {
    await parts.migrate();
    let [segments, bytes] = [0, 0];
    const nowMs = Date.now();
    const believed = new BelievedTime(parts.catalog.leases, () => performance.now());
    const believedMs = values["trust-clock"] ? nowMs : await believed.at(nowMs);
    if (believedMs !== nowMs)
      console.error(
        `The clock says ${formatTime(nowMs)}, and recordings were last looked through at ${formatTime(believedMs)}: ages are reckoned by that time. Say --trust-clock when the clock is right.`,
      );
    const how = { dryRun: values["dry-run"], believedMs };
    const retained = retentionParts(parts.catalog, config);
    for (const [streams, over] of await overShares(retained))
      console.error(
        `Uploads ${streams === "" ? "of files of no stream" : `to ${streams}`} take ${over} bytes more of the disk than their share. Delete some of them.`,
      );
    for await (const { segment, reason } of retain(retained, nowMs, how)) {
      const { streamPath, id, startMs, size } = segment;
      console.log(`${reason}: ${streamPath} ${id} ${formatTime(startMs)} ${size} bytes`);
      segments++;
      bytes += size;
    }
    console.log(`${segments} segments of ${bytes} bytes ${values["dry-run"] ? "would be removed" : "removed"}`);
    return 0;
  } finally {
    await parts.close();
  }
}
