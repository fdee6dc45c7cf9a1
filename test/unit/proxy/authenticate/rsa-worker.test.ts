import { generateKeyPairSync, randomBytes } from "node:crypto";
import { afterEach, expect, test } from "vitest";
import { describeRsaKey, encryptRandom, type RsaServerKey } from "../../../../protocol/index.ts";
import { RsaWorker } from "../../../../proxy/authenticate/rsa-worker.ts";
import { PROXY_LIMITS } from "../../../../proxy/model/proxy-limits.ts";
import { CleanupStack } from "../../../support/cleanup-stack.ts";

const cleanup = new CleanupStack();
afterEach(() => cleanup.close());

const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 1024 });
const KEY: RsaServerKey = { privateKey, publicKey: describeRsaKey(privateKey) };

function open(): RsaWorker {
  const worker = new RsaWorker(KEY);
  cleanup.add({ stop: () => worker.close() });
  return worker;
}

test("X6: the work is done in another thread, right", async () => {
  const operations = open().operationsFor("192.0.2.1");
  const random = randomBytes(16);
  const encrypted = await operations.encrypt(KEY.publicKey, random);
  expect(encrypted).toHaveLength(2 + KEY.publicKey.bytes);
  expect(await operations.decrypt(encrypted.subarray(2), 16)).toEqual(random);
});

test("X6: one network may have only some waiting, and others go in between", async () => {
  const worker = open();
  const stranger = worker.operationsFor("198.51.100.1");
  const order: string[] = [];
  const results = Array.from({ length: PROXY_LIMITS.rsaJobsPerNetwork + 20 }, () =>
    stranger.encrypt(KEY.publicKey, randomBytes(16)).then(
      () => order.push("stranger"),
      (error: unknown) => error,
    ),
  );
  const anna = worker.operationsFor("192.0.2.1");
  const encrypted = encryptRandom(KEY.publicKey, randomBytes(16)).subarray(2);
  await anna.decrypt(encrypted, 16).then(() => order.push("anna"));
  const settled = await Promise.all(results);
  const refused = settled.filter((result) => result instanceof Error);
  // One of them had been begun.
  expect(refused).toHaveLength(19);
  expect(refused[0]).toMatchObject({ code: "SERVER_BUSY" });
  expect(order.indexOf("anna")).toBeLessThan(3);
});

test("what waits when it is closed fails, and so does what comes later", async () => {
  const worker = open();
  const operations = worker.operationsFor("192.0.2.1");
  const pending = operations.encrypt(KEY.publicKey, randomBytes(16));
  const failed = expect(pending).rejects.toMatchObject({ code: "SERVER_STOPPING" });
  await worker.close();
  await failed;
  await expect(operations.decrypt(Buffer.alloc(128), 16)).rejects.toMatchObject({ code: "SERVER_STOPPING" });
});
