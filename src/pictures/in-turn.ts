import { BoxcarError } from "../base/errors.ts";
import type { FairQueue, Turn } from "../base/fair-queue.ts";

/** When to ask again, in seconds. */
const BUSY_SECONDS = 5;

/**
 * Makes a picture when it is its client's turn.
 * @throws BoxcarError `busy` (429), `client_gone` (499), and as `make` does
 */
export async function afterWaiting<Made>(queue: FairQueue, turn: Turn, make: () => Promise<Made>): Promise<Made> {
  const made = queue.run(turn, make);
  if (made !== undefined) return made;
  const message = `${String(queue.waiting)} pictures wait to be made, as many as may. Ask again in a moment.`;
  throw new BoxcarError("busy", message, { retryAfterSeconds: BUSY_SECONDS });
}
