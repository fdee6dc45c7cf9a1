import type { Launcher } from "../../launcher/index.ts";
import { hostMethods, RequestError, type HostMethod, type HostResult } from "../../protocol/index.ts";

type Answers = {
  readonly [M in HostMethod]?: (launcher: Launcher, params: unknown) => Promise<HostResult<M>>;
};

const ANSWERS: Answers = {
  "image.list": (launcher) => launcher.images(),
  "machine.create": (launcher, params) => launcher.create(hostMethods["machine.create"].params.parse(params)),
  "machine.start": (launcher, params) => launcher.start(hostMethods["machine.start"].params.parse(params).id),
  "machine.stop": (launcher, params) => {
    const { id, force } = hostMethods["machine.stop"].params.parse(params);
    return launcher.stop(id, force);
  },
  "machine.remove": async (launcher, params) => {
    await launcher.remove(hostMethods["machine.remove"].params.parse(params).id);
    return {};
  },
  "machine.list": (launcher) => Promise.resolve(launcher.machines()),
  "machine.screenshot": (launcher, params) => {
    const { id, maxWidth } = hostMethods["machine.screenshot"].params.parse(params);
    return launcher.screenshot(id, maxWidth);
  },
};

/** Answers one request of the server. @throws RequestError `METHOD_UNKNOWN` */
export function answerHostRequest(launcher: Launcher, method: string, params: unknown): Promise<unknown> {
  const answer = Object.hasOwn(ANSWERS, method) ? ANSWERS[method as HostMethod] : undefined;
  if (answer === undefined) {
    return Promise.reject(
      new RequestError("METHOD_UNKNOWN", `unknown method ${method}`, {
        safeMessage: "This host is older than the server and does not know that request. Update it.",
      }),
    );
  }
  return answer(launcher, params);
}
