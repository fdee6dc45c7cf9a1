import { chmod, copyFile, mkdir, symlink, writeFile } from "node:fs/promises";
import path from "node:path";

/** A folder with what an administrator of DARTS has: `machines.conf`, `config.pl`, and the machines as `qwdctl` leaves them. */
export class DartsInstallation {
  readonly machinesConf: string;
  readonly configPl: string;
  /** `dir_machines`. */
  readonly machines: string;

  private constructor(root: string) {
    this.machinesConf = path.join(root, "etc/machines.conf");
    this.configPl = path.join(root, "etc/config.pl");
    this.machines = path.join(root, "var/lib/qemu-web-desktop/machines");
  }

  /** @param settings lines of Perl after those that say where the machines lie */
  static async make(root: string, settings: string): Promise<DartsInstallation> {
    const made = new DartsInstallation(root);
    // As everywhere below /var/lib: machines run as an account of their own.
    await chmod(root, 0o755);
    await mkdir(path.dirname(made.machinesConf), { recursive: true });
    await mkdir(made.machines, { recursive: true });
    await writeFile(made.machinesConf, "; machines of this service\n");
    await writeFile(
      made.configPl,
      `$config{service} = "qemu-web-desktop"; # its name
$config{dir_service} = "${root}/var/lib/$config{service}";
$config{dir_machines} = "$config{dir_service}/machines";
${settings}
1;
`,
    );
    return made;
  }

  /** Adds sections to `machines.conf`. */
  list(...sections: readonly string[]): Promise<void> {
    return writeFile(this.machinesConf, `${sections.join("\n\n")}\n`, { flag: "a" });
  }

  /**
   * As `qwdctl download` does it: the file keeps the name of its address in a folder of its own, and a link beside it
   * has the name of the section.
   */
  async download(name: string, source: string): Promise<string> {
    const folder = path.join(this.machines, "downloads", name);
    await mkdir(folder, { recursive: true });
    const file = path.join(folder, path.basename(source));
    await copyFile(source, file);
    await chmod(file, 0o644);
    await symlink(path.relative(this.machines, file), path.join(this.machines, name));
    return file;
  }
}
