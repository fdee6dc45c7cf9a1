import type { Command } from "../../../launcher/system/child-process.ts";

const ACCOUNT = "65534";

/**
 * The command as an account without any right runs it, with slirp4netns's device as udev gives it to everybody. Needs
 * root, to become that account.
 */
export function asUnprivilegedAccount(command: Command): Command {
  const script = [
    "mount -t tmpfs -o mode=755 none /dev/net",
    "mknod -m 666 /dev/net/tun c 10 200",
    `exec setpriv --reuid=${ACCOUNT} --regid=${ACCOUNT} --clear-groups -- "$@"`,
  ].join(" && ");
  const args = ["--mount", "sh", "-c", script, "account", command.program, ...command.args];
  return { program: "unshare", args };
}
