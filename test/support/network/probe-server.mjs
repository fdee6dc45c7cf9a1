// Waits at every address of the network it is started in, on the ports that are its arguments, for TCP and UDP. Greets whoever connects, and says so: one line for each visit.
import { createSocket } from "node:dgram";
import { createServer } from "node:net";
import { networkInterfaces } from "node:os";

const say = (line) => process.stdout.write(`${line}\n`);
for (const port of process.argv.slice(2).map(Number)) {
  const tcp = createServer((socket) => {
    say(`tcp ${socket.localAddress} ${port}`);
    socket.on("error", () => undefined);
    socket.end(`REACHED ${port}\n`);
  });
  await new Promise((resolve) => tcp.listen(port, "::", resolve));
  // A socket for each address: an answer has to come from where the question went.
  for (const { address, family, scopeid } of Object.values(networkInterfaces()).flat()) {
    if (scopeid > 0) continue;
    const udp = createSocket(family === "IPv4" ? "udp4" : "udp6");
    udp.on("message", (data, from) => {
      say(`udp ${address} ${port}`);
      // A DNS answer to a question, with one address; anything else comes back as it is.
      udp.send(data.includes("example") ? answer(data) : data, from.port, from.address);
    });
    await new Promise((resolve) => udp.bind(port, address, resolve));
  }
}
say("LISTENING");

function answer(question) {
  const end = question.indexOf(0, 12) + 5;
  const header = Buffer.from(question.subarray(0, 12));
  const isA = question.readUInt16BE(end - 4) === 1;
  header.writeUInt16BE(0x8180, 2);
  header.writeUInt16BE(isA ? 1 : 0, 6);
  header.writeUInt32BE(0, 8);
  const record = Buffer.from("c00c000100010000003c000409090909", "hex");
  return Buffer.concat([header, question.subarray(12, end), ...(isA ? [record] : [])]);
}
