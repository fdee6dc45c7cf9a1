import { describe, expect, test } from "vitest";
import { findRetransmissions } from "../../../protocol/index.ts";

const HEAD =
  "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode          \n";
const row = (local: string, remote: string, queues: string, timer: string, count: string): string =>
  `   4: ${local} ${remote} 01 ${queues} ${timer} ${count}     0        0 2328394 2 00000000bb323bef 20 4 24 10 7\n`;
const QUIET = "00000000:00000000";
const WAITING = "00000018:00000000";

describe("what Linux says of a connection", () => {
  const ends = { localPort: 0xd431, remoteAddress: "10.9.3.2", remotePort: 5900 };
  const find = (...rows: string[]) => findRetransmissions(HEAD + rows.join(""), ends);

  test.each([
    ["everything acknowledged", QUIET, "02:000002A7", "00000000", null],
    ["sent a moment ago", WAITING, "01:00000014", "00000000", 0],
    ["sent again eleven times", WAITING, "01:00000014", "0000000B", 11],
    ["a closed window, about which is asked", WAITING, "04:00000014", "0000000B", 0],
  ])("%s", (_what, queues, timer, count, expected) => {
    expect(find(row("0103090A:D431", "0203090A:170C", queues, timer, count))).toBe(expected);
  });

  test("other connections do not count", () => {
    const others = [
      row("0103090A:D432", "0203090A:170C", WAITING, "01:00000014", "00000007"),
      row("0103090A:D431", "0203090A:170D", WAITING, "01:00000014", "00000007"),
      row("0103090A:D431", "0303090A:170C", WAITING, "01:00000014", "00000007"),
      row("0203090A:170C", "0103090A:D431", WAITING, "01:00000014", "00000007"),
    ];
    expect(find(...others)).toBeNull();
    expect(find(...others, row("0103090A:D431", "0203090A:170C", WAITING, "01:00000014", "00000003"))).toBe(
      3,
    );
  });

  test.each([
    ["2001:db8::1:2", "B80D0120000000000000000002000100"],
    ["fe80::1%eth0", "000080FE000000000000000001000000"],
    ["::ffff:10.9.3.2", "0000000000000000FFFF00000203090A"],
  ])("IPv6: %s", (remoteAddress, encoded) => {
    const table = HEAD + row("0:D431", `${encoded}:170C`, WAITING, "01:00000014", "00000004");
    expect(findRetransmissions(table, { ...ends, remoteAddress })).toBe(4);
  });
});
