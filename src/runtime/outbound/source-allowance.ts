import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { BoxcarError } from "../../base/errors.ts";
import { isPublicAddress } from "../../pictures/remote-url.ts";
import type { SourceUrl } from "../../record/source-url.ts";

type Network = [ipaddr.IPv4 | ipaddr.IPv6, number];

/**
 * Which sources may be reached. Public addresses may by protocols that stay with one host; whatever else only as the operator
 * lists it: hosts, networks, and the schemes `file` and `lavfi`. Where servers can send their readers on to other hosts
 * (http, https, rtsp, rtsps), or a port is opened here (udp, a listening srt), only listed ones may.
 */
export class SourceAllowance {
  readonly #listed: ReadonlySet<string>;
  readonly #networks: readonly Network[];

  /** @param allow hosts (`name` or `name:port`), networks (CIDR) and schemes */
  constructor(allow: readonly string[]) {
    this.#listed = new Set(allow);
    this.#networks = allow.filter((entry) => entry.includes("/")).map((entry) => ipaddr.parseCIDR(entry));
  }

  /** Whether a source may be reached, as far as its URL tells. @throws BoxcarError `source_refused` (403) */
  check(url: SourceUrl): void {
    if (!this.#mayName(url)) throw refused();
  }

  #mayName(url: SourceUrl): boolean {
    const { scheme, host } = url;
    if (scheme === "file" || scheme === "lavfi") return this.#listed.has(scheme);
    if (ipaddr.isValid(host)) return this.#mayReach(url, host);
    // What a name leads to is seen later: it may be in a listed network.
    return url.staysWithHost || this.#lists(url) || this.#networks.length > 0;
  }

  /** Refuses a source whose name leads to an address that is not allowed now. @throws BoxcarError `source_refused` (403), `source_failed` (502) */
  async checkAddresses(url: SourceUrl): Promise<void> {
    this.check(url);
    if (url.host === "" || this.#lists(url)) return;
    const found = await addressesOf(url.host);
    if (found.length === 0 || !found.every((address) => this.#mayReach(url, address))) throw refused();
  }

  /**
   * The addresses that a source may be reached at: those that its name leads to now, all of which were checked.
   * @throws BoxcarError `source_refused` (403), `source_failed` (502)
   */
  async addressesOf(url: SourceUrl): Promise<string[]> {
    this.check(url);
    const found = await addressesOf(url.host);
    if (found.length === 0 || !(this.#lists(url) || found.every((address) => this.#mayReach(url, address))))
      throw refused();
    return found;
  }

  /**
   * An address of a host that calls without redirects may be sent to: public, or listed.
   * @throws BoxcarError `source_refused` (403), `source_failed` (502)
   */
  async addressOf(host: string, port: string): Promise<string> {
    const url = { text: "", scheme: "", userInfo: undefined, host, port, protocols: [], staysWithHost: true };
    const found = await addressesOf(host);
    const [first] = found;
    if (first === undefined || !found.every((address) => this.#mayReach(url, address)))
      throw new BoxcarError("source_refused", `${host} may not be reached: ${PRIVATE}`);
    return first;
  }

  #lists({ host, port }: SourceUrl): boolean {
    return this.#listed.has(host) || this.#listed.has(`${host}:${port}`);
  }

  #mayReach(url: SourceUrl, address: string): boolean {
    const parsed = ipaddr.process(address);
    const within = this.#networks.some(
      ([network, bits]) => network.kind() === parsed.kind() && parsed.match([network, bits]),
    );
    return within || this.#lists(url) || (url.staysWithHost && isPublicAddress(address));
  }
}

async function addressesOf(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true }).catch((cause: unknown) => {
    throw new BoxcarError(
      "source_failed",
      `Nothing can be reached at ${host}: that name has no address now.`,
      {},
      cause,
    );
  });
  return found.map(({ address }) => address);
}

/** Why an address of a host that calls is refused. */
const PRIVATE = "unless its address is public, BOXCAR_SOURCES_ALLOW has to list it or its network (192.168.0.0/16).";

function refused(): BoxcarError {
  const message =
    "The source may not be reached: unless it is rtmp, rtmps or srt at a public address, BOXCAR_SOURCES_ALLOW has to list its host or its network (192.168.0.0/16), or its scheme where that is file or lavfi.";
  return new BoxcarError("source_refused", message);
}
