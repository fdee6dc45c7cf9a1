import { rename, writeFile, readFile } from "node:fs/promises";
import path from "node:path";
import type { CleanupStack } from "./cleanup-stack.ts";
import { runProcess } from "./test-process.ts";

/** A self-signed certificate in files, as a site's administrator has them. */
export class TestCertificate {
  readonly cert: string;
  readonly key: string;

  private constructor(folder: string) {
    this.cert = path.join(folder, "cert.pem");
    this.key = path.join(folder, "key.pem");
  }

  static async make(cleanup: CleanupStack, name = "localhost"): Promise<TestCertificate> {
    const made = new TestCertificate(await cleanup.makeFolder());
    const subject = ["-subj", `/CN=${name}`, "-addext", `subjectAltName=DNS:${name},IP:127.0.0.1`];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30"];
    const files = ["-keyout", made.key, "-out", made.cert];
    const { code, stderr } = await runProcess("openssl", ["req", "-x509", ...kind, ...files, ...subject]);
    if (code !== 0) throw new Error(`openssl: ${stderr}`);
    return made;
  }

  read(): Promise<{ cert: string; key: string }> {
    return Promise.all([readFile(this.cert, "utf8"), readFile(this.key, "utf8")]).then(([cert, key]) => ({
      cert,
      key,
    }));
  }

  /** Puts other texts into the files, each at once. */
  async write({ cert, key }: { readonly cert?: string; readonly key?: string }): Promise<void> {
    if (cert !== undefined) await replace(this.cert, cert);
    if (key !== undefined) await replace(this.key, key);
  }
}

async function replace(file: string, text: string): Promise<void> {
  await writeFile(`${file}.new`, text);
  await rename(`${file}.new`, file);
}
