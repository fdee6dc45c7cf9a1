// Tries TCP to each argument, `ADDRESS PORT` by turns, as QEMU's user network would; prints those that answer.
import { connect } from "node:net";

const targets = process.argv.slice(2);
const pairs = targets.flatMap((address, at) => (at % 2 === 0 ? [[address, Number(targets[at + 1])]] : []));
// IPv6 takes a moment until it has an address; what is refused is not "there is no way" but EHOSTUNREACH or EACCES.
const NOT_YET = ["ENETUNREACH", "EADDRNOTAVAIL"];
const deadline = Date.now() + 5000;

function attempt(host, port, resolve) {
  const socket = connect({ host, port, timeout: 4000 });
  socket.on("data", () => resolve(host));
  socket.on("error", ({ code }) => {
    if (NOT_YET.includes(code) && Date.now() < deadline) setTimeout(attempt, 250, host, port, resolve);
    else resolve(null);
  });
  socket.on("timeout", () => resolve(null));
  socket.on("end", () => resolve(null));
}

const reached = await Promise.all(
  pairs.map(([host, port]) => new Promise((resolve) => attempt(host, port, resolve))),
);
process.stdout.write(`${JSON.stringify(reached.filter((host) => host !== null))}\n`);
process.exit(0);
