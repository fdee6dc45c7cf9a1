// Questions to a process of ours, and its answers: each names the question's command.

/** Asks a child process for something; its answer, or its error. */
export function ask(child, command, details = {}) {
  return new Promise((resolve, reject) => {
    const onMessage = ({ done, result, error }) => {
      if (done !== command) return;
      child.off("message", onMessage);
      if (error === undefined) resolve(result);
      else reject(new Error(error));
    };
    child.on("message", onMessage);
    child.send({ command, ...details }, (error) => error && reject(error));
  });
}

/** The child's side: answers the parent's questions, and ends with it. */
export function answer(commands) {
  process.on("message", async (message) => {
    try {
      process.send({ done: message.command, result: await commands[message.command](message) });
    } catch (error) {
      process.send({ done: message.command, error: String(error?.stack ?? error) });
    }
  });
  process.on("disconnect", () => process.exit());
}
