// A viewer that counts bytes and nothing else: the source's updates have a known length.
import { createCipheriv } from "node:crypto";
import net from "node:net";
import tls from "node:tls";

const READ_BUFFER_BYTES = 256 * 1024;
const UPDATE_HEAD_BYTES = 16;

export class Viewer {
  #socket;
  #wanted = 0;
  #had = 0;
  #pending = Buffer.alloc(0);
  #resolve = () => undefined;
  /** Bytes since the picture began; `onBytes` is called after each piece. */
  received = 0;
  onBytes = () => undefined;
  #counting = false;

  /** @param target `{ port, secure }` on 127.0.0.1 */
  constructor({ port, secure = false }) {
    const onread = {
      buffer: Buffer.allocUnsafe(READ_BUFFER_BYTES),
      callback: (length, buffer) => {
        this.#take(buffer, length);
        return true;
      },
    };
    const options = { port, host: "127.0.0.1", onread, rejectUnauthorized: false, servername: "localhost" };
    this.#socket = secure ? tls.connect(options) : net.connect(options);
    this.#socket.setNoDelay(true);
    this.#socket.on("error", (error) => {
      this.error = error;
    });
  }

  #take(buffer, length) {
    if (this.#counting) {
      this.received += length;
      this.onBytes();
      return;
    }
    this.#pending = Buffer.concat([this.#pending, buffer.subarray(0, length)]);
    this.#settle();
  }

  #settle() {
    if (this.#wanted === 0 || this.#pending.length < this.#wanted) return;
    const piece = Buffer.from(this.#pending.subarray(0, this.#wanted));
    this.#pending = this.#pending.subarray(this.#wanted);
    this.#wanted = 0;
    this.#had += piece.length;
    this.#resolve(piece);
  }

  #read(length) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.error ?? new Error("no answer in 15 s")), 15_000);
      this.#resolve = (piece) => {
        clearTimeout(timer);
        resolve(piece);
      };
      this.#wanted = length;
      this.#settle();
    });
  }

  /** Up to ServerInit. @param token for VncAuth; without one None is taken */
  async enter(token) {
    await this.#read(12);
    this.#socket.write("RFB 003.008\n");
    const [count] = await this.#read(1);
    const types = [...(await this.#read(count))];
    const type = token !== undefined && types.includes(2) ? 2 : 1;
    this.#socket.write(Buffer.of(type));
    if (type === 2) this.#socket.write(answer(token, await this.#read(16)));
    if ((await this.#read(4)).readUInt32BE(0) !== 0) {
      const length = (await this.#read(4)).readUInt32BE(0);
      throw new Error(`refused: ${await this.#read(length)}`);
    }
    this.#socket.write(Buffer.of(1));
    const init = await this.#read(24);
    await this.#read(init.readUInt32BE(20));
    this.#counting = true;
  }

  request(width, height) {
    const message = Buffer.alloc(10);
    message[0] = 3;
    message.writeUInt16BE(width, 6);
    message.writeUInt16BE(height, 8);
    this.#socket.write(message);
  }

  /** Keeps `depth` requests under way for `ms`; returns the bytes that came. */
  async flood({ width, height, depth, ms }) {
    const length = UPDATE_HEAD_BYTES + 4 * width * height;
    let answered = Math.floor(this.received / length);
    this.onBytes = () => {
      for (const now = Math.floor(this.received / length); answered < now; answered += 1)
        this.request(width, height);
    };
    for (let i = 0; i < depth; i += 1) this.request(width, height);
    const before = this.received;
    await new Promise((resolve) => setTimeout(resolve, ms));
    this.onBytes = () => undefined;
    return this.received - before;
  }

  /** Milliseconds until one update of this size is there. */
  async ping(width, height) {
    const goal = this.received + UPDATE_HEAD_BYTES + 4 * width * height;
    const start = performance.now();
    await new Promise((resolve) => {
      this.onBytes = () => this.received >= goal && resolve();
      this.request(width, height);
    });
    return performance.now() - start;
  }

  /** What comes from now on stays in the kernel, and then with the sender. */
  stopReading() {
    this.#socket.pause();
  }

  close() {
    this.#socket.destroy();
  }
}

function answer(token, challenge) {
  const key = Buffer.alloc(8);
  for (let i = 0; i < 8 && i < token.length; i += 1) {
    let byte = token.charCodeAt(i);
    for (let bit = 0; bit < 8; bit += 1, byte >>= 1) key[i] = (key[i] << 1) | (byte & 1);
  }
  const cipher = createCipheriv("des-ede3-ecb", Buffer.concat([key, key, key]), null).setAutoPadding(false);
  return cipher.update(challenge);
}
