import type { ByteReader } from "./byte-reader.ts";
import type { RgbColour } from "./bitmap.ts";

export interface TestVncClient {
  readonly reader: ByteReader;
  write(bytes: Buffer | readonly number[]): void;
}

export const TEST_SERVER_NAME = "NAME-CANARY";
export const TEST_DESKTOP_SIZE = { width: 320, height: 200 };
const { width: OWN_WIDTH, height: OWN_HEIGHT } = TEST_DESKTOP_SIZE;
/** Bytes of a client's message, its first byte included; SetEncodings and ClientCutText have more to read. */
const MESSAGE_BYTES: Readonly<Record<number, number>> = { 0: 20, 2: 4, 3: 10, 4: 8, 5: 6, 6: 8 };
const [SET_PIXEL_FORMAT, SET_ENCODINGS, UPDATE_REQUEST, CUT_TEXT] = [0, 2, 3, 6];
/** How long a viewer may say nothing. */
const PATIENCE_MS = 120_000;
const NATIVE_FORMAT = [32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0, 0, 0, 0];

/**
 * A VNC server from ServerInit on, until its client goes. Its desktop is upright bars of these colours, all of one width,
 * and never changes: only the first of the incremental requests is answered. It speaks Raw in any format of 32 bits.
 */
export async function serveTestDesktop(
  client: TestVncClient,
  bars: readonly RgbColour[],
  afterServerInit: Buffer = Buffer.alloc(0),
): Promise<void> {
  const name = Buffer.from(TEST_SERVER_NAME);
  const size = [OWN_WIDTH >> 8, OWN_WIDTH & 255, OWN_HEIGHT >> 8, OWN_HEIGHT & 255];
  const head = Buffer.from([...size, ...NATIVE_FORMAT, 0, 0, 0, name.length]);
  client.write(Buffer.concat([head, name, afterServerInit]));
  let format: Buffer = Buffer.from(NATIVE_FORMAT);
  let hasShown = false;
  for (;;) {
    const [type] = await client.reader.read(1, PATIENCE_MS);
    const length = MESSAGE_BYTES[type!];
    if (length === undefined) throw new Error(`A viewer sent message type ${type}.`);
    const rest = await client.reader.read(length - 1);
    if (type === SET_PIXEL_FORMAT) format = rest.subarray(3);
    if (type === SET_ENCODINGS) await client.reader.read(4 * rest.readUInt16BE(1));
    if (type === CUT_TEXT) await client.reader.read(rest.readUInt32BE(3));
    if (type !== UPDATE_REQUEST || (hasShown && rest[0] === 1)) continue;
    client.write(encodeUpdate(bars, format));
    hasShown = true;
  }
}

function encodeUpdate(bars: readonly RgbColour[], format: Buffer): Buffer {
  const rectangle = [0, 0, 0, 0, OWN_WIDTH >> 8, OWN_WIDTH & 255, OWN_HEIGHT >> 8, OWN_HEIGHT & 255];
  const width = OWN_WIDTH / bars.length;
  const row = Buffer.concat(bars.map((bar) => Buffer.alloc(4 * width, encodePixel(bar, format))));
  const rows = Array.from({ length: OWN_HEIGHT }, () => row);
  return Buffer.concat([Buffer.from([0, 0, 0, 1, ...rectangle, 0, 0, 0, 0]), ...rows]);
}

function encodePixel(colour: RgbColour, format: Buffer): Buffer {
  const [bitsPerPixel, , isBigEndian] = format;
  if (bitsPerPixel !== 32) throw new Error(`A viewer wants ${bitsPerPixel} bits per pixel.`);
  const shifts = [format[10]!, format[11]!, format[12]!];
  const value = colour.reduce((sum, channel, index) => sum + channel * 2 ** shifts[index]!, 0);
  const pixel = Buffer.alloc(4);
  if (isBigEndian) pixel.writeUInt32BE(value);
  else pixel.writeUInt32LE(value);
  return pixel;
}
