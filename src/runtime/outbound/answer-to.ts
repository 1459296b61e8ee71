import type { ClientRequest, IncomingMessage } from "node:http";

/**
 * Sends a request, whose body comes last, and waits for the head of its answer.
 * @param signal ends the request, and its answer
 * @throws Error when there is none; the signal's reason
 */
export function answerTo(
  request: ClientRequest,
  body?: string | Uint8Array,
  signal?: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    // Without an error, which the option `signal` of a request would give: of an answer that ends just then it would come up at
    // the connection, while that is handed back and nobody listens, and end the process.
    const leave = (): void => {
      reject(signal?.reason as Error);
      request.destroy();
    };
    request.on("response", resolve).on("error", reject);
    request.on("close", () => {
      signal?.removeEventListener("abort", leave);
      // Of an answer that wants another protocol (101) comes neither of the two.
      reject(new Error("the connection was closed without an answer"));
    });
    signal?.addEventListener("abort", leave);
    if (signal?.aborted === true) leave();
    else request.end(body);
  });
}
