import type { Bitmap } from "./bitmap.ts";
import type { CleanupStack } from "./cleanup-stack.ts";
import type { PosternServer } from "./postern.ts";
import { connectRfb } from "./rfb-client.ts";
import { waitFor } from "./wait-for.ts";

const BLACK = [0, 0, 0] as const;

/** What a viewer with a token sees of a desktop, as soon as most of it is not black. */
export async function seeScreen(
  cleanup: CleanupStack,
  server: PosternServer,
  desktop: string,
): Promise<Bitmap> {
  const viewer = await connectRfb(cleanup, { host: "127.0.0.1", port: server.rfb });
  await viewer.handshake({ password: await server.createToken(desktop) });
  viewer.setEncodings(0);
  const seen = await waitFor(
    `${desktop}'s picture`,
    async () => {
      viewer.requestUpdate();
      await viewer.readUpdate();
      const { picture } = viewer.framebuffer;
      return picture.count(BLACK, 12) < 0.7 * picture.width * picture.height ? picture : undefined;
    },
    { timeoutMs: 60_000 },
  );
  await viewer.stop();
  return seen;
}
