import type { IncomingMessage } from "node:http";

/** A host that makes no URL. */
const NO_HOST = "256.256.256.256";

/**
 * Leaves it to the app to refuse a request whose `Host` and target make no URL, or more than one (RFC 9110 section 7.1). The HTTP adapter
 * would do so by itself: without a reason, a line in the log, a limit of rates, or a bound on what else the client sends.
 */
export function leaveRefusalToApp(incoming: IncomingMessage): void {
  const { url = "", headers, rawHeaders } = incoming;
  const [path = ""] = url.split("?", 1);
  // Of several `Host` fields others take the last one, for example a proxy in front (RFC 9112 section 3.2).
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === "host").length;
  if (hosts > 1 || path.includes("\\") || !(path.startsWith("/") || isAbsolute(url))) {
    incoming.url = "/";
    headers.host = NO_HOST;
  } else if (path.startsWith("/")) {
    const host = hostOf(headers.host ?? addressOf(incoming)) ?? NO_HOST;
    if (host !== headers.host) headers.host = host;
  }
}

/** What HTTP/1.0 means without `Host`, which checks of load balancers leave out; from HTTP/1.1 on it must be there (RFC 9112 section 3.2). */
function addressOf({ httpVersion, socket }: IncomingMessage): string {
  const { localAddress = "", localPort } = socket;
  if (httpVersion !== "1.0") return "";
  return `${localAddress.includes(":") ? `[${localAddress}]` : localAddress}:${String(localPort)}`;
}

/** RFC 9112 section 3.2.2: such a target has the host that counts. */
function isAbsolute(target: string): boolean {
  return /^https?:\/\//.test(target) && URL.canParse(target);
}

/** A host, with its port, as URLs have it; undefined where it can be in none. */
function hostOf(field: string): string | undefined {
  const url = `http://${field}`;
  return /^[^\s/?#@\\]+$/.test(field) && URL.canParse(url) ? new URL(url).host : undefined;
}
