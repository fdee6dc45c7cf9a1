import { bracketHost, formatViewerAddress } from "../../../protocol/index.ts";
import type { HostPort } from "../../../proxy/index.ts";
import type { ProfileFormat } from "../../api/schemas.ts";

/** A file or line with a VNC viewer's settings. It never contains the token: files are kept and copied. */
export interface ViewerProfile {
  readonly body: string;
  readonly contentType: string;
  /** Of the file's name; null: it is not a file. */
  readonly extension: string | null;
}

const FILE_TYPE = "application/x-vnc";

export function writeProfile(format: ProfileFormat, address: HostPort): ViewerProfile {
  switch (format) {
    case "tigervnc":
      return file("tigervnc", [
        "TigerVNC Configuration file Version 1.0",
        "",
        `ServerName=${formatViewerAddress(address)}`,
      ]);
    case "realvnc":
      return file("vnc", ["ConnMethod=tcp", `Host=${formatViewerAddress(address)}`]);
    case "vnc":
      // UltraVNC, TightVNC and others on Windows read it as an INI file.
      return file("vnc", ["[connection]", `host=${address.host}`, `port=${address.port}`]);
    case "uri":
      return {
        body: `vnc://${bracketHost(address.host)}:${address.port}\n`,
        contentType: "text/plain; charset=utf-8",
        extension: null,
      };
  }
}

/** The header that makes a browser save the profile under the desktop's name, in both of RFC 6266's forms. */
export function nameFile(desktop: string, extension: string): string {
  // Through bytes and back: half of a surrogate pair cannot be percent-encoded.
  const whole = Buffer.from(`${desktop}.${extension}`).toString();
  const encoded = encodeURIComponent(whole).replace(/['()*]/g, escapeCharacter);
  const plain = desktop.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "");
  return `attachment; filename="${plain === "" ? "desktop" : plain}.${extension}"; filename*=UTF-8''${encoded}`;
}

function file(extension: string, lines: readonly string[]): ViewerProfile {
  return { body: lines.map((line) => `${line}\r\n`).join(""), contentType: FILE_TYPE, extension };
}

function escapeCharacter(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
