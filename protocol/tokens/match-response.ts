import {
  KEY_SCHEDULE_WORDS,
  makeKeySchedule,
  permuteInitially,
  runRounds,
  type KeySchedule,
} from "../rfb/vnc-auth/des.ts";
import { DES_BLOCK_BYTES, CHALLENGE_BYTES, vncAuthKey } from "../rfb/vnc-auth/vnc-auth.ts";

/**
 * Finds the token that answers a VncAuth challenge. Work that depends only on the token is done once per
 * token, and work that depends only on the guess once per guess. The rest is 16 DES rounds for each pair, and
 * 32 for a match.
 */
export type TokenKey = KeySchedule;

/** Both blocks of challenge and response after DES's initial permutation. */
export interface PreparedResponse {
  readonly first: BlockPair;
  readonly second: BlockPair;
}

interface BlockPair {
  readonly left: number;
  readonly right: number;
  readonly wantedLeft: number;
  readonly wantedRight: number;
}

/** Schedules are stored contiguously, so that a scan reads memory in order: that halves its time. */
const SCHEDULES_PER_SLAB = 64;
let slab = new Int32Array(0);
let used = 0;

/** The DES key schedule of a token, 128 bytes. It is equivalent to the token, so keep it as secret. */
export function prepareToken(token: string): TokenKey {
  if (used === slab.length) {
    slab = new Int32Array(SCHEDULES_PER_SLAB * KEY_SCHEDULE_WORDS);
    used = 0;
  }
  const schedule = slab.subarray(used, used + KEY_SCHEDULE_WORDS);
  used += KEY_SCHEDULE_WORDS;
  return makeKeySchedule(vncAuthKey(token), schedule);
}

/** @param challenge 16 bytes @param response 16 bytes */
export function prepareResponse(challenge: Buffer, response: Buffer): PreparedResponse {
  if (challenge.length !== CHALLENGE_BYTES || response.length !== CHALLENGE_BYTES) {
    throw new Error("challenge and response are 16 bytes each");
  }
  return {
    first: pairBlocks(challenge, response, 0),
    second: pairBlocks(challenge, response, DES_BLOCK_BYTES),
  };
}

function pairBlocks(challenge: Buffer, response: Buffer, offset: number): BlockPair {
  const start = new Int32Array(2);
  permuteInitially(challenge, offset, start);
  // The final permutation inverts the initial one: permuting the response gives the output of the last round.
  const end = new Int32Array(2);
  permuteInitially(response, offset, end);
  return { left: at(start, 0), right: at(start, 1), wantedLeft: at(end, 0), wantedRight: at(end, 1) };
}

function at(halves: Int32Array, index: 0 | 1): number {
  return halves[index] as number;
}

/** Whether this token gives this response to this challenge. */
export function matchesToken(key: TokenKey, prepared: PreparedResponse): boolean {
  return matchesBlock(key, prepared.first) && matchesBlock(key, prepared.second);
}

const result = new Int32Array(2);

function matchesBlock(key: TokenKey, pair: BlockPair): boolean {
  runRounds(key, pair.left, pair.right, result);
  return result[0] === pair.wantedLeft && result[1] === pair.wantedRight;
}
