import { spawn } from "node:child_process";
import { ROOT } from "./paths.mjs";

const MAX_OUTPUT_CHARS = 200_000;
// Colours and cursor movements of programs that believe they talk to a terminal.
const ESCAPES = /\x1b\[[0-9;?]*[A-Za-z]/g;

/**
 * Runs a program quietly and gives `{ code, output }` (the end of both streams together). A program that cannot be
 * started has the code 127, one that a signal ended 128. `note` is called with each line as it comes.
 */
export function runCommand(command, args, { env = {}, note = () => undefined } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: ROOT,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
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

/** Runs a program with our terminal and gives its exit status; signals sent to us are passed on to it. */
export function runInForeground(command, args, { env = {} } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: ROOT, env: { ...process.env, ...env }, stdio: "inherit" });
    const forward = (signal) => {
      // Ctrl-C on a terminal reaches the whole group by itself; twice would mean "at once" to some programs.
      if (signal === "SIGINT" && process.stdin.isTTY) return;
      child.kill(signal);
    };
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    for (const signal of signals) process.on(signal, forward);
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
