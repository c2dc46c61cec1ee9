import { describe, expect, it } from "vitest";
import { toAddressKey } from "./address-key.ts";

describe("toAddressKey", () => {
  it.each([
    ["192.0.2.1", "192.0.2.1"],
    ["::ffff:192.0.2.1", "192.0.2.1"],
    ["::FFFF:192.0.2.1", "192.0.2.1"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"],
    ["2001:0db8:0001:0002::1", "2001:db8:1:2::/64"],
    ["2001:db8::1", "2001:db8:0:0::/64"],
    ["2001:db8:0:0:1::", "2001:db8:0:0::/64"],
    ["2001:db8:0000:0000:0000:0000:0000:0001", "2001:db8:0:0::/64"],
    ["fe80::1%eth0", "fe80:0:0:0::/64"],
    ["::1", "0:0:0:0::/64"],
    ["::", "0:0:0:0::/64"],
    ["2001:db8:1:2::192.0.2.1", "2001:db8:1:2::/64"],
    ["", ""],
    ["unix", "unix"],
  ])("counts %s as %s", (address, key) => {
    expect(toAddressKey(address)).toBe(key);
  });

  it("counts all addresses of one subscriber as one, and those of the next as another", () => {
    const keys = new Set(
      Array.from({ length: 100 }, (_, index) => toAddressKey(`2001:db8:1:2::${index.toString(16)}`)),
    );
    expect([...keys]).toEqual(["2001:db8:1:2::/64"]);
    expect(toAddressKey("2001:db8:1:3::1")).not.toBe(toAddressKey("2001:db8:1:2::1"));
  });
});
