/** A bucket in a process of its own, which answers as late as it is told: a message says how many milliseconds. */
import { startBucket } from "../test/runtimes/bucket.ts";

let delayMs = 0;
const bucket = await startBucket(() => delayMs);
process.on("message", (ms: number) => {
  delayMs = ms;
});
process.on("disconnect", () => process.exit());
process.send?.(bucket.env);
