import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { z } from "zod";
import { isLoopbackHost } from "../loopback.ts";

/** How a mail server is reached: part of the options of whatever talks to one. */
export const mailServerShape = {
  host: z
    .string()
    .max(253)
    .regex(/^[\w.:-]+$/, "is no host"),
  /** Absent: where such servers usually are. */
  port: z.number().int().min(1).max(65_535).optional(),
  /** `implicit` (the default): TLS from the first byte. `starttls`: asked for in the open, and required. */
  tls: z.enum(["implicit", "starttls"]).optional(),
  /** Who vouches for its certificate, in PEM; absent: the authorities that Node.js knows. */
  ca: z
    .string()
    .max(262_144)
    .refine(isCertificate, 'is no certificate in PEM; write {"file": "ca.pem"} for one in a file')
    .optional(),
  /** The name in its certificate, where that is not `host`. */
  serverName: z.string().min(1).max(253).optional(),
  /** No TLS at all: for a server on this computer. */
  insecure: z.boolean().default(false),
};

/** What administrators may read of it. */
export const MAIL_SERVER_SHOWN = ["host", "port", "tls", "serverName", "insecure"];

export type MailServerOptions = z.output<z.ZodObject<typeof mailServerShape>>;

/** What one option alone cannot say. */
export function checkMailServer(options: MailServerOptions, context: z.RefinementCtx): void {
  const { host, insecure, tls, ca, serverName } = options;
  const complain = (path: string, message: string) => {
    context.addIssue({ code: "custom", path: [path], message });
  };
  if (insecure && !isLoopbackHost(host))
    complain("insecure", "is for a server on this computer alone: passwords would be read on the way");
  if (insecure && (tls ?? ca ?? serverName) !== undefined)
    complain("insecure", "means no TLS: leave tls, ca and serverName out, or leave insecure out");
  if (serverName !== undefined && isIP(serverName) !== 0) complain("serverName", "is a name, not an address");
}

/** Where such servers usually are. */
export interface UsualPorts {
  readonly implicit: number;
  readonly starttls: number;
}

export interface MailServer {
  readonly host: string;
  readonly port: number;
  readonly security: "implicit" | "starttls" | "none";
  readonly ca: string | null;
  /** The name that its certificate has to have; null: `host`. */
  readonly serverName: string | null;
}

export function describeMailServer(options: MailServerOptions, usual: UsualPorts): MailServer {
  const { host, insecure, tls = "implicit", ca = null, serverName = null } = options;
  const security = insecure ? "none" : tls;
  const port = options.port ?? (security === "implicit" ? usual.implicit : usual.starttls);
  return { host, port, security, ca, serverName };
}

/** For `tls.connect()`; never weaker than the default. */
export function tlsOptionsOf({ host, ca, serverName }: Pick<MailServer, "host" | "ca" | "serverName">) {
  const name = serverName ?? (isIP(host) === 0 ? host : null);
  return {
    host,
    minVersion: "TLSv1.2",
    rejectUnauthorized: true,
    ...(name !== null && { servername: name }),
    ...(ca !== null && { ca }),
  } as const;
}

function isCertificate(text: string): boolean {
  try {
    return new X509Certificate(text).subject !== undefined;
  } catch {
    return false;
  }
}
