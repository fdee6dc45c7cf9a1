import { createHash, X509Certificate } from "node:crypto";
import { pino } from "pino";
import { beforeAll, expect, test } from "vitest";
import { checkPinnedChain } from "../../../../agent/dial/server-trust.ts";
import { followCaRotation } from "../../../../agent/enrol/follow-ca-rotation.ts";
import { ServiceTrust } from "../../../../proxy/trust/service-trust.ts";
import { systemClock } from "../../../../protocol/index.ts";
import { createServiceInMemory } from "../../proxy/trust/service-in-memory.ts";

interface Shown {
  readonly fingerprint: string;
  readonly path: readonly string[];
  readonly chain: readonly X509Certificate[];
}

const now = Date.now();
/** What a service shows: at first, rotated, retired, and the same once more. */
let first: Shown, rotated: Shown, retired: Shown, rotatedAgain: Shown, retiredAgain: Shown;
let stranger: Shown;

async function openTrust(): Promise<ServiceTrust> {
  const stores = { service: createServiceInMemory() };
  return ServiceTrust.open({ stores, hosts: [], clock: systemClock, log: pino({ level: "silent" }) });
}

function show({ current: { cert, fingerprint, path } }: ServiceTrust): Shown {
  const blocks = cert.match(/-----BEGIN[^]+?-----END CERTIFICATE-----\n/g) ?? [];
  return { fingerprint, path, chain: blocks.map((block) => new X509Certificate(block)) };
}

beforeAll(async () => {
  const trust = await openTrust();
  first = show(trust);
  await trust.rotate();
  rotated = show(trust);
  await trust.retire();
  retired = show(trust);
  await trust.rotate();
  rotatedAgain = show(trust);
  await trust.retire();
  retiredAgain = show(trust);
  trust.close();
  const other = await openTrust();
  await other.rotate();
  stranger = show(other);
  other.close();
});

const follow = (pins: readonly string[], { path }: Shown): readonly string[] =>
  followCaRotation(pins, { certificates: [...path] }, now);
const accepts = (pins: readonly string[], { chain }: Shown): boolean => {
  try {
    checkPinnedChain(chain, pins, now);
    return true;
  } catch {
    return false;
  }
};

test("a pin is followed from CA to CA, and each old one goes once the new one stands alone", () => {
  let pins: readonly string[] = [first.fingerprint];
  pins = follow(pins, first);
  expect(pins).toEqual([first.fingerprint]);
  expect(accepts(pins, rotated)).toBe(true);
  pins = follow(pins, rotated);
  expect(pins).toEqual([first.fingerprint, rotated.fingerprint]);
  // Another server of the service may not have noticed yet.
  expect(follow(pins, first)).toEqual(pins);
  expect(accepts(pins, first)).toBe(true);
  pins = follow(pins, retired);
  expect(pins).toEqual([rotated.fingerprint]);
  expect([accepts(pins, first), accepts(pins, retired)]).toEqual([false, true]);
  expect(follow(pins, rotated)).toEqual(pins);
  pins = follow(pins, rotatedAgain);
  expect(pins).toEqual([rotated.fingerprint, rotatedAgain.fingerprint]);
  expect(follow(pins, retiredAgain)).toEqual([rotatedAgain.fingerprint]);
});

test("two rotations with no retirement seen in between", () => {
  const pins = follow(follow([first.fingerprint], rotated), rotatedAgain);
  expect(pins).toEqual([rotated.fingerprint, rotatedAgain.fingerprint]);
});

test("whoever knows only the first accepts nothing after its retirement; a newcomer's pin is the new one", () => {
  expect(accepts([first.fingerprint], retired)).toBe(false);
  expect(accepts([first.fingerprint], rotatedAgain)).toBe(false);
  expect([rotated, retired, rotatedAgain].map((shown) => accepts([rotated.fingerprint], shown))).toEqual([
    true,
    true,
    true,
  ]);
});

test("nobody follows a CA that the pinned one has not certified", () => {
  const pins = [first.fingerprint];
  expect(follow(pins, stranger)).toEqual(pins);
  // Beside the real one, but certified by its own.
  const mixed = { ...stranger, path: [...stranger.path, ...first.path] };
  expect(follow(pins, mixed)).toEqual(pins);
  expect(follow(pins, { ...first, path: [stranger.path[0]!, first.path[0]!] })).toEqual(pins);
  expect(accepts(pins, { ...stranger, chain: [...stranger.chain, ...first.chain.slice(1)] })).toBe(false);
  // A leaf is no CA, whoever signed it.
  const leaf = first.chain[0]!.toString();
  expect(follow(pins, { ...first, path: [leaf, first.path[0]!] })).toEqual(pins);
  expect(follow(pins, { ...first, path: ["nothing"] })).toEqual(pins);
  const cross = new X509Certificate(rotated.path[0]!);
  const late = Date.parse(cross.validTo) + 1;
  expect(followCaRotation(pins, { certificates: [...rotated.path] }, late)).toEqual(pins);
});

test("the fingerprint is of the key: the certificate that the old CA gave has the same", () => {
  const cross = new X509Certificate(rotated.path[0]!);
  const spki = cross.publicKey.export({ type: "spki", format: "der" });
  expect(createHash("sha256").update(spki).digest("hex")).toBe(rotated.fingerprint);
});
