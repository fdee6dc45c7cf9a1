import { spawn } from "node:child_process";
import { setPriority } from "node:os";
import { ROOT } from "./paths.mjs";

const MAX_OUTPUT_CHARS = 200_000;
// Colours and cursor movements of programs that assume a terminal.
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]/g;

/**
 * Runs a program without showing its output and returns `{ code, output }` (the end of both streams
 * combined). The code is 127 for a program that cannot be started and 128 for one that a signal ended. `note`
 * is called with each line. `priority` is a niceness.
 */
export function runCommand(command, args, { env = {}, note = () => undefined, priority = 0 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    if (priority !== 0 && child.pid !== undefined) setPriority(child.pid, priority);
    let output = "";
    const collect = (chunk) => {
      output = (output + chunk).slice(-MAX_OUTPUT_CHARS);
      const line = chunk
        .replace(ESCAPES, "")
        .trim()
        .split(/[\r\n]/)
        .at(-1);
      if (line) note(line);
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", collect);
    child.on("error", (error) => resolve({ code: 127, output: error.message }));
    child.on("close", (code) => resolve({ code: code ?? 128, output }));
  });
}

/**
 * Runs a program on this terminal and returns its exit status. Signals to this process are forwarded to it.
 */
export function runInForeground(command, args, { env = {} } = {}) {
  return new Promise((resolve, reject) => {
    let child;
    const forward = (signal) => {
      // Ctrl-C on a terminal already reaches the whole group. For some programs a second SIGINT means "at
      // once".
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
    // After the handlers: the program may run, and this process be told to end, before spawn returns.
    child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: "inherit" });
    const release = () => {
      for (const signal of signals) process.off(signal, forward);
    };
    child.on("error", (error) => {
      release();
      reject(error);
    });
    child.on("close", (code, signal) => {
      release();
      resolve(code ?? 128 + (SIGNAL_NUMBERS[signal] ?? 0));
    });
  });
}

const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGABRT: 6, SIGKILL: 9, SIGSEGV: 11, SIGTERM: 15 };
