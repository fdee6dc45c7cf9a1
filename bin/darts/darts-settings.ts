import {
  readCount,
  readCpuShare,
  readLifetime,
  readLoad,
  readMemoryShare,
  type ReadAmount,
} from "./darts-limits.ts";

/** What a setting of config.pl is converted to. */
export type SettingConversion =
  /** An option of a program. */
  | {
      readonly kind: "option";
      readonly program: "server" | "host";
      readonly option: string;
      readonly read: ReadAmount;
    }
  /** A variable of the host's environment. */
  | { readonly kind: "environment"; readonly names: readonly string[] }
  /** Goes into the images' entries. */
  | { readonly kind: "image" }
  /** Half of a pair: certificate and key. */
  | { readonly kind: "certificate" }
  | { readonly kind: "gpu" }
  /** Has to be configured elsewhere, by hand. */
  | { readonly kind: "elsewhere"; readonly how: string }
  /** Goes into the file of sign-in providers; `of`: it says more about one of these, and counts where that one is on. */
  | { readonly kind: "signIn"; readonly of: readonly string[] }
  | { readonly kind: "unneeded"; readonly why: string };

const image: SettingConversion = { kind: "image" };
const option = (program: "server" | "host", name: string, read: ReadAmount): SettingConversion => ({
  kind: "option",
  program,
  option: name,
  read,
});
const elsewhere = (how: string): SettingConversion => ({ kind: "elsewhere", how });
const signIn = (...of: string[]): SettingConversion => ({ kind: "signIn", of });
const unneeded = (why: string): SettingConversion => ({ kind: "unneeded", why });

const ONE_PORT = "One port is all there is: --listen of `postern server`.";
const OWN_PAGES = "The pages are part of the server.";

/** @see docs/darts.md */
export const SETTING_CONVERSIONS: Readonly<Record<string, SettingConversion>> = {
  certificate_crt: { kind: "certificate" },
  certificate_key: { kind: "certificate" },
  snapshot_lifetime: option("server", "--max-lifetime", readLifetime),
  service_max_session_nb_per_user: option("server", "--user-machines", readCount),
  service_max_cpu_fraction_nb_per_user: option("server", "--user-cpus", readCpuShare),
  service_max_mem_fraction_nb_per_user: option("server", "--user-memory-mb", readMemoryShare),
  service_max_load: option("host", "--max-load", readLoad),
  service_max_session_nb: option("host", "--max-instances", readCount),
  service_max_instance_nb: option("host", "--max-instances", readCount),
  service_proxy: { kind: "environment", names: ["http_proxy", "https_proxy"] },
  gpu_blacklist: { kind: "gpu" },
  config_script: image,
  dir_machines: image,
  dir_mounts: image,
  qemu_exec: image,
  qemu_video: image,
  snapshot_alloc_cpu: image,
  snapshot_alloc_disk: image,
  snapshot_alloc_mem: image,
  fallback_servers: elsewhere(
    "Join each of these as a host: `postern join create --host --admit`, then `postern host` there.",
  ),
  user_admin: elsewhere("Administrators are accounts with the role admin, see docs/service-admin.md."),
  check_user_custom: signIn(),
  check_user_with_email: signIn(),
  check_user_with_imap: signIn(),
  check_user_with_ldap: signIn(),
  check_user_with_smtp: signIn(),
  imap_server: signIn("check_user_with_imap"),
  imap_port: signIn("check_user_with_imap"),
  ldap_server: signIn("check_user_with_ldap"),
  ldap_port: signIn("check_user_with_ldap"),
  ldap_domain: signIn("check_user_with_ldap"),
  smtp_server: signIn("check_user_with_smtp", "check_user_with_email"),
  smtp_port: signIn("check_user_with_smtp", "check_user_with_email"),
  smtp_use_ssl: signIn("check_user_with_smtp", "check_user_with_email"),
  email_from: signIn("check_user_with_email"),
  email_passwd: signIn("check_user_with_email"),
  email_method: signIn("check_user_with_email"),
  snapshot_use_master: elsewhere("Said for each machine: the box for the image itself, for administrators."),
  boot_delay: unneeded("The page shows the screen as soon as there is one."),
  machine: unneeded("People choose the image in the page."),
  service: unneeded("It names DARTS's own folders and its address."),
  service_allow_persistent: unneeded("Machines persist; whoever wants another one ticks one-shot."),
  service_max_script_length: unneeded("A boot script has up to 65,536 bytes."),
  service_use_vnc_token: unneeded("No desktop is open without a right: tokens, tickets or a session."),
  dir_cfg: unneeded("Sessions are rows of the server's database, in --data."),
  dir_html: unneeded(OWN_PAGES),
  dir_novnc: unneeded("noVNC is part of the pages."),
  dir_service: unneeded("Machines live in --state of `postern host`."),
  dir_snapshots: unneeded("Machines live in --state of `postern host`."),
  dir_websockify: unneeded("WebSockets are spoken by the server itself."),
  service_min_port: unneeded(ONE_PORT),
  service_port: unneeded(ONE_PORT),
  service_port_multiple: unneeded(ONE_PORT),
  service_port_vnc: unneeded("QEMU's screens are Unix sockets; no port is taken."),
};
