// Tries TCP to each argument, `ADDRESS PORT` by turns, as QEMU's user network would; prints those that answer.
import { connect } from "node:net";

const targets = process.argv.slice(2);
const pairs = targets.flatMap((address, at) => (at % 2 === 0 ? [[address, Number(targets[at + 1])]] : []));
const reached = await Promise.all(
  pairs.map(
    ([host, port]) =>
      new Promise((resolve) => {
        const socket = connect({ host, port, timeout: 4000 });
        socket.on("data", () => resolve(host));
        socket.on("error", () => resolve(null));
        socket.on("timeout", () => resolve(null));
        socket.on("end", () => resolve(null));
      }),
  ),
);
process.stdout.write(`${JSON.stringify(reached.filter((host) => host !== null))}\n`);
process.exit(0);
