// A VNC server that costs next to nothing: security None, and each FramebufferUpdateRequest is answered at once with one
// Raw rectangle of the size that was asked for. Prints its port.
import { randomBytes } from "node:crypto";
import { createServer } from "node:net";

const WIDTH = 1920;
const HEIGHT = 1080;
const BYTES_PER_PIXEL = 4;
const CLIENT_MESSAGE_BYTES = new Map([
  [0, 20],
  [3, 10],
  [4, 8],
  [5, 6],
]);
const updates = new Map();

// Its parent is gone.
process.on("disconnect", () => process.exit());

function updateOf(width, height) {
  const key = `${width}x${height}`;
  let update = updates.get(key);
  if (!update) {
    const head = Buffer.alloc(16);
    head.writeUInt16BE(1, 2);
    head.writeUInt16BE(width, 8);
    head.writeUInt16BE(height, 10);
    update = Buffer.concat([head, randomBytes(width * height * BYTES_PER_PIXEL)]);
    updates.set(key, update);
  }
  return update;
}

function serverInit() {
  const init = Buffer.alloc(24);
  init.writeUInt16BE(WIDTH, 0);
  init.writeUInt16BE(HEIGHT, 2);
  Buffer.from([32, 24, 0, 1, 0, 255, 0, 255, 0, 255, 16, 8, 0]).copy(init, 4);
  init.writeUInt32BE(6, 20);
  return Buffer.concat([init, Buffer.from("source")]);
}

function measure(input) {
  if (input[0] === 2) return input.length < 4 ? 4 : 4 + 4 * input.readUInt16BE(2);
  return CLIENT_MESSAGE_BYTES.get(input[0]) ?? 0;
}

createServer({ noDelay: true }, (socket) => {
  const handshake = [
    [12, () => socket.write(Buffer.from([1, 1]))],
    [1, () => socket.write(Buffer.alloc(4))],
    [1, () => socket.write(serverInit())],
  ];
  let input = Buffer.alloc(0);
  socket.on("error", () => undefined);
  socket.write("RFB 003.008\n");
  socket.on("data", (chunk) => {
    input = Buffer.concat([input, chunk]);
    while (input.length > 0) {
      const step = handshake[0];
      const length = step ? step[0] : measure(input);
      if (length === 0) {
        socket.destroy();
        return;
      }
      if (input.length < length) return;
      if (step) {
        handshake.shift();
        step[1]();
      } else if (input[0] === 3) socket.write(updateOf(input.readUInt16BE(6), input.readUInt16BE(8)));
      input = input.subarray(length);
    }
  });
}).listen(0, "127.0.0.1", function () {
  process.send?.({ port: this.address().port });
});
