import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;
type Network = readonly [Address, number];

/** Finds the address of the client among those of the proxies in front of the server. */
export class ClientAddresses {
  readonly #trusted: readonly Network[];

  /** @param trustedProxies addresses and networks (CIDR) whose `X-Forwarded-For` is believed */
  constructor(trustedProxies: readonly string[]) {
    this.#trusted = trustedProxies.map((text) => {
      if (text.includes("/")) return ipaddr.parseCIDR(text);
      const address = ipaddr.process(text);
      return [address, address.kind() === "ipv4" ? 32 : 128];
    });
  }

  /**
   * The address of the client: the peer's, or, when the peer is a trusted proxy, the last address of `X-Forwarded-For`
   * that is not one itself. What stands further left was written by the client and may be anything.
   * @param peer address of the other end of the connection
   * @returns an address in its usual form, of IPv6 the network (/64) that one client has to itself
   */
  of(peer: string | undefined, forwardedFor: string | undefined): string {
    const chain = [...(forwardedFor ?? "").split(","), peer ?? ""];
    let client: Address | undefined;
    for (const text of chain.toReversed()) {
      const address = parse(text.trim());
      if (address === undefined) break; // the last proxy that could be believed stands for its client
      client = address;
      if (!this.#isTrusted(address)) break;
    }
    return client === undefined ? "unknown" : textOf(client);
  }

  /** Whether a peer is one of the trusted proxies. */
  trusts(peer: string | undefined): boolean {
    const address = parse((peer ?? "").trim());
    return address !== undefined && this.#isTrusted(address);
  }

  #isTrusted(address: Address): boolean {
    return this.#trusted.some(
      ([network, bits]) => network.kind() === address.kind() && address.match([network, bits] as [ipaddr.IPv4, number]),
    );
  }
}

/** IPv4 in IPv6 (`::ffff:10.0.0.1`) is read as IPv4. A zone and a port are left out. */
function parse(text: string): Address | undefined {
  const bare = text
    .replace(/^\[(.*)\](?::\d+)?$/, "$1")
    .replace(/^(\d+(?:\.\d+){3}):\d+$/, "$1")
    .replace(/%.*$/, "");
  return /^[\d.]+$/.test(bare)
    ? ipaddr.IPv4.isValidFourPartDecimal(bare)
      ? ipaddr.IPv4.parse(bare)
      : undefined
    : parse6(bare);
}

function parse6(text: string): Address | undefined {
  return ipaddr.IPv6.isValid(text) ? ipaddr.process(text) : undefined;
}

function textOf(address: Address): string {
  if (address.kind() === "ipv4") return address.toString();
  const network = new ipaddr.IPv6([...(address as ipaddr.IPv6).parts.slice(0, 4), 0, 0, 0, 0]);
  return `${network.toString()}/64`;
}
