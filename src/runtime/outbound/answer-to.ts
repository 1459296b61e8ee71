import type { ClientRequest, IncomingMessage } from "node:http";

/** Sends a request, whose body comes last, and waits for the head of its answer. @throws Error when there is none */
export function answerTo(request: ClientRequest, body?: string | Uint8Array): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request.on("response", resolve).on("error", reject);
    request.on("close", () => {
      // Of an answer that wants another protocol (101) comes neither of the two.
      reject(new Error("the connection was closed without an answer"));
    });
    request.end(body);
  });
}
