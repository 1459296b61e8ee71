import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Requests of one connection that wait until no more is read from it. */
const READ_UNTIL = 16;
/** Requests that wait on all connections together: about 4 kB each. */
const MOST_WAITING = 4096;

type Exchange = readonly [IncomingMessage, ServerResponse];

/**
 * Hands on the requests of each connection one after another: the next one when the reply before it is through. A client
 * may pipeline them (RFC 9112 section 9.3.2), but `node:http` tells only the reply whose turn it is that the connection
 * is closed: one that waited behind it would never end. What still waits when the connection closes is dropped.
 */
export function oneAtATime(listener: RequestListener): RequestListener {
  const lines = new WeakMap<Socket, Exchange[]>();
  let waiting = 0;

  const serve = (socket: Socket, [incoming, outgoing]: Exchange): void => {
    outgoing.once("close", () => {
      goOn(socket);
    });
    listener(incoming, outgoing);
  };
  const goOn = (socket: Socket): void => {
    const line = lines.get(socket) ?? [];
    const [next] = line;
    // Not writable any more: the reply before said that the connection closes.
    if (next === undefined || !socket.writable) {
      waiting -= line.length;
      lines.delete(socket);
      return;
    }
    line.shift();
    waiting--;
    if (line.length === 0) socket.resume();
    serve(socket, next);
  };

  return (incoming, outgoing) => {
    const { socket } = incoming;
    if (!socket.writable) return;
    const line = lines.get(socket);
    if (line === undefined) {
      lines.set(socket, []);
      serve(socket, [incoming, outgoing]);
      return;
    }
    if (waiting >= MOST_WAITING) {
      socket.destroy();
      return;
    }
    waiting++;
    line.push([incoming, outgoing]);
    // Not at once: the end of this request, which is parsed next, would make the connection read on.
    if (line.length === READ_UNTIL)
      setImmediate(() => {
        if (line.length >= READ_UNTIL) socket.pause();
      });
  };
}

/**
 * Has the connection close without stack traces that nobody reads: `node:http` makes an error for each request that it has
 * parsed and that is not through by then, and there may be hundreds in one packet.
 */
export function closeWithoutTraces(socket: Socket): void {
  let limit = 0;
  socket.prependOnceListener("close", () => {
    limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
  });
  socket.once("close", () => {
    Error.stackTraceLimit = limit;
  });
}
