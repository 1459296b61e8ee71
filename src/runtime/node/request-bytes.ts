import type { IncomingMessage } from "node:http";

/**
 * A request whose body is all that has come of it, also of a client that breaks off: a stream of Node that is made a web stream forgets
 * what nobody has read yet when the connection ends.
 */
export function withAllBytes(request: Request, incoming: IncomingMessage): Request {
  const { url, method, headers, signal } = request;
  // The bodies of these mean nothing, and what makes no URL is refused.
  if (["GET", "HEAD", "TRACE"].includes(method) || !URL.canParse(url)) return request;
  const bytes = bytesOf(incoming);
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    const step = await bytes.next();
    if (step.done === true) controller.close();
    else controller.enqueue(step.value);
  };
  const body = new ReadableStream({ pull }, { highWaterMark: 0 });
  return new Request(url, { method, headers, signal, body, duplex: "half" } as RequestInit);
}

async function* bytesOf(incoming: IncomingMessage): AsyncGenerator<Uint8Array, void, undefined> {
  while (!incoming.destroyed && !incoming.readableEnded) {
    const chunk = await chunkOf(incoming);
    if (chunk !== undefined) yield chunk;
  }
  const rest = incoming.read() as Uint8Array | null;
  if (rest !== null) yield rest;
  if (!incoming.complete) throw incoming.errored ?? new Error("the connection broke off");
}

/** The next chunk of a request, as it came: `read` would join it with others. Undefined at its end. */
function chunkOf(incoming: IncomingMessage): Promise<Uint8Array | undefined> {
  const events = ["data", "end", "error", "close"];
  return new Promise((resolve) => {
    const settle = (chunk?: unknown): void => {
      incoming.pause();
      for (const event of events) incoming.off(event, settle);
      resolve(chunk instanceof Uint8Array ? chunk : undefined);
    };
    for (const event of events) incoming.on(event, settle);
    incoming.resume();
  });
}
