import { delimiter } from "node:path";
import { findProgram } from "../system/qemu-programs.ts";

/** The programs that create and configure a namespace: full paths. */
export interface NetworkTools {
  readonly sh: string;
  readonly unshare: string;
  readonly nsenter: string;
  readonly setpriv: string;
  readonly mount: string;
  readonly ip: string;
  readonly nft: string;
  readonly slirp4netns: string;
}

const PACKAGES: Readonly<Record<keyof NetworkTools, string>> = {
  sh: "dash",
  unshare: "util-linux",
  nsenter: "util-linux",
  setpriv: "util-linux",
  mount: "mount",
  ip: "iproute2",
  nft: "nftables",
  slirp4netns: "slirp4netns",
};

/** Some of them are in folders that are missing from an ordinary account's PATH on Debian. */
const ALWAYS = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"];

/** All of them, or the Debian packages of those that are missing. */
export function findNetworkTools(
  searchPath = "",
  always: readonly string[] = ALWAYS,
): NetworkTools | { readonly missingPackages: readonly string[] } {
  const folders = [searchPath, ...always].join(delimiter);
  const find = (name: keyof NetworkTools): string => findProgram(name, folders) ?? "";
  const tools: NetworkTools = {
    sh: find("sh"),
    unshare: find("unshare"),
    nsenter: find("nsenter"),
    setpriv: find("setpriv"),
    mount: find("mount"),
    ip: find("ip"),
    nft: find("nft"),
    slirp4netns: find("slirp4netns"),
  };
  const names = Object.keys(PACKAGES) as (keyof NetworkTools)[];
  const missing = names.filter((name) => tools[name] === "").map((name) => PACKAGES[name]);
  return missing.length === 0 ? tools : { missingPackages: [...new Set(missing)] };
}
