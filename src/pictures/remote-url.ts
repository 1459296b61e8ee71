import ipaddr from "ipaddr.js";

/**
 * Which URLs and addresses boxcar may be sent to by a user. A URL is checked as it is written; what its name resolves
 * to is checked address by address, and the connection goes to a checked address, never to the name again.
 */

/** Ports below this one, other than those of HTTP, belong to other protocols. */
const FIRST_FREE_PORT = 1024;
/** The one part of IPv6 that is given out to the public internet (IANA): all else is special in some way. */
const GLOBAL_UNICAST = ipaddr.parseCIDR("2000::/3") as [ipaddr.IPv6, number];

/** Whether a connection to an address leads to the public internet. Anything that is no address is not. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== "unicast") return false;
  return !(parsed instanceof ipaddr.IPv6) || parsed.match(GLOBAL_UNICAST);
}

/** A URL as it may be fetched. */
export interface RemoteUrl {
  readonly url: URL;
  /** Name or address, IPv6 without brackets. */
  readonly host: string;
  readonly port: number;
  /** Whether `host` is an address. Every other way of writing one (hex, octal, one number) is that address by now. */
  readonly isAddress: boolean;
}

/** Reads a URL that may be fetched: http or https, without a user, on a port of HTTP or above 1023. Else undefined. */
export function readRemoteUrl(text: string, base?: URL): RemoteUrl | undefined {
  if (!URL.canParse(text, base)) return undefined;
  const url = new URL(text, base);
  if (url.protocol !== "http:" && url.protocol !== "https:") return undefined;
  if (url.username !== "" || url.password !== "" || url.hostname === "") return undefined;
  const standard = url.protocol === "https:" ? 443 : 80;
  const port = url.port === "" ? standard : Number(url.port);
  if (port !== 80 && port !== 443 && port < FIRST_FREE_PORT) return undefined;
  const host = url.hostname.replace(/^\[(.*)\]$/, "$1");
  return { url, host, port, isAddress: ipaddr.isValid(host) };
}

/**
 * Whether an operator's list names a host: entries are `name` or `name:port`, addresses in brackets where they hold
 * colons.
 */
export function isListedHost(hosts: readonly string[], { url, port }: RemoteUrl): boolean {
  return hosts.includes(url.hostname) || hosts.includes(`${url.hostname}:${port}`);
}
