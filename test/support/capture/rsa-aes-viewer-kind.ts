import type { RsaAesType } from "../../../protocol/index.ts";
import { LOGIN_NAME, type CapturedViewerKind } from "./viewer-programs.ts";
import { CleanupStack } from "../cleanup-stack.ts";
import { RfbRefusal } from "../rfb-client.ts";
import { connectRsaAes, type RsaAesViewer } from "../rsa-aes-viewer.ts";
import { waitFor } from "../wait-for.ts";

const DESKTOP_NAME = -307;
/** RA2_256, which nothing but TigerVNC knows, may be asked for a name. */
const ASKED_FOR_NAME: ReadonlySet<RsaAesType> = new Set([129]);
/** SetEncodings (raw, DesktopName), then a request for the whole screen. */
const ASK = Buffer.concat([
  Buffer.from([2, 0, 0, 2, 0, 0, 0, 0]),
  Buffer.from([DESKTOP_NAME >> 24, DESKTOP_NAME >> 16, DESKTOP_NAME >> 8, DESKTOP_NAME]),
  Buffer.from([3, 0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]),
]);

/** Our own viewer, which keeps in clear what the wire shows encrypted. It runs at the server's computer. */
export function rsaAesViewerKind(type: RsaAesType): CapturedViewerKind {
  return {
    name: `our RSA-AES viewer, type ${type}`,
    stays: true,
    asksForNames: true,
    sendsLoginName: ASKED_FOR_NAME.has(type),
    open: async ({ viewerComputer: viewerPlace, ports }, _owner, { token }) => {
      const own = new CleanupStack();
      const heard: Buffer[] = [];
      // A source of its own: what one kind fails at does not count for the next.
      const localAddress = `127.0.0.${type}`;
      const target = { host: viewerPlace.address, port: ports.rfb, localAddress };
      const opened: RsaAesViewer | RfbRefusal = await connectRsaAes(own, target, {
        type,
        password: token,
        ...(ASKED_FOR_NAME.has(type) && { user: LOGIN_NAME }),
      }).catch((error: unknown) => {
        if (error instanceof RfbRefusal) return error;
        throw error;
      });
      if (opened instanceof RfbRefusal) heard.push(Buffer.from(opened.reason));
      else {
        heard.push(Buffer.from(opened.name));
        opened.stream.on("data", (chunk: Buffer) => heard.push(chunk)).on("error", () => undefined);
        opened.stream.on("end", () => void own.close());
      }
      const isGone = opened instanceof RfbRefusal;
      return {
        receivedBytes: () => Buffer.concat(heard),
        waitForColour: async ([red, green, blue]) => {
          if (isGone) throw opened;
          const before = Buffer.concat(heard).length;
          opened.stream.write(ASK);
          // Xvnc's own pixel format is blue first.
          const pixels = Buffer.from(Array.from({ length: 200 }, () => [blue, green, red, 0]).flat());
          await waitFor("its picture", () => Buffer.concat(heard).indexOf(pixels, before) >= 0);
        },
        stop: () => own.close(),
      };
    },
  };
}
