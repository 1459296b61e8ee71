import { describe, expect, it } from "vitest";
import { ClientAddresses } from "../../src/auth/client-address.ts";

describe("the address of a client", () => {
  const behind = new ClientAddresses(["10.0.0.0/8", "192.0.2.1", "2001:db8:1::/48"]);

  it.each<[string, string | undefined, string | undefined, string]>([
    ["the peer", "203.0.113.5", undefined, "203.0.113.5"],
    ["the peer, whatever it claims", "203.0.113.5", "198.51.100.1", "203.0.113.5"],
    ["what a proxy saw", "10.1.2.3", "203.0.113.5", "203.0.113.5"],
    ["what the first of two proxies saw", "10.1.2.3", "203.0.113.5, 192.0.2.1", "203.0.113.5"],
    ["not what the client wrote", "10.1.2.3", "127.0.0.1, 10.9.9.9, 203.0.113.5", "203.0.113.5"],
    ["a proxy behind which nobody is named", "10.1.2.3", undefined, "10.1.2.3"],
    ["the outermost proxy, if all are", "10.1.2.3", "10.0.0.1, 10.0.0.2", "10.0.0.1"],
    ["the last proxy before rubbish", "10.1.2.3", "203.0.113.5, unknown, 10.0.0.7", "10.0.0.7"],
    ["the proxy, if it names nothing", "10.1.2.3", "", "10.1.2.3"],
    ["with a port", "10.1.2.3", "203.0.113.5:4711", "203.0.113.5"],
    ["IPv4 written as IPv6", "::ffff:10.1.2.3", "::ffff:203.0.113.5", "203.0.113.5"],
    ["a network of IPv6", "2001:db8:1::7", "[2001:DB8:2:3:4:5:6:7]:443", "2001:db8:2:3::/64"],
    ["a peer with a zone", "fe80::1%eth0", undefined, "fe80::/64"],
    ["no number that only looks like an address", "10.1.2.3", "0x7f.1", "10.1.2.3"],
    ["no octal address", "10.1.2.3", "0177.0.0.1", "10.1.2.3"],
    ["unknown without a peer", undefined, "203.0.113.5", "unknown"],
  ])("is %s", (_, peer, forwarded, address) => {
    expect(behind.of(peer, forwarded)).toBe(address);
  });

  it("is never anything but the peer without trusted proxies", () => {
    const direct = new ClientAddresses([]);
    for (const forwarded of ["203.0.113.5", "127.0.0.1", "127.0.0.1, 127.0.0.1", "rubbish"])
      expect(direct.of("127.0.0.1", forwarded)).toBe("127.0.0.1");
  });
});
