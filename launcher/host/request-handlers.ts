import type { Launcher } from "../index.ts";
import { DISK_REQUEST_HANDLERS } from "./disk-request-handlers.ts";
import { IMAGE_REQUEST_HANDLERS } from "./image-request-handlers.ts";
import { hostMethods, RequestError, type HostMethod, type HostResult } from "../../protocol/index.ts";

/** Checked, with everything filled in that may be left out. */
export type HostRequestParams<M extends HostMethod> = ReturnType<(typeof hostMethods)[M]["params"]["parse"]>;

export type HostRequestHandlers<N extends HostMethod = HostMethod> = {
  readonly [M in N]: (launcher: Launcher, params: HostRequestParams<M>) => Promise<HostResult<M>>;
};

const HANDLERS: HostRequestHandlers = {
  "host.facts": (launcher) => launcher.facts(),
  "image.list": (launcher) => launcher.images(),
  "machine.create": (launcher, params) => launcher.create(params),
  "machine.start": (launcher, { id, dataDiskKnown }) => launcher.start(id, dataDiskKnown),
  "machine.stop": (launcher, { id, force }) => launcher.stop(id, force),
  "machine.pause": (launcher, { id }) => launcher.pause(id),
  "machine.resume": (launcher, { id }) => launcher.resume(id),
  "machine.reset": (launcher, { id }) => launcher.reset(id),
  "machine.save": (launcher, { id }) => launcher.save(id),
  "machine.boot-log": (launcher, { id }) => launcher.bootLog(id),
  "machine.credential": async (launcher, { id }) => ({ credential: await launcher.credential(id) }),
  "machine.snapshots": (launcher, { id }) => launcher.snapshots(id),
  "machine.snapshot": (launcher, { id, name }) => launcher.takeSnapshot(id, name),
  "machine.restore": (launcher, { id, name }) => launcher.restoreSnapshot(id, name),
  "machine.snapshot-remove": (launcher, { id, name }) => launcher.removeSnapshot(id, name),
  "machine.save-as-image": (launcher, { id, image, title }) => launcher.saveAsImage(id, { id: image, title }),
  "machine.remove": async (launcher, { id }) => {
    await launcher.remove(id);
    return {};
  },
  "machine.list": (launcher) => Promise.resolve(launcher.machines()),
  ...DISK_REQUEST_HANDLERS,
  ...IMAGE_REQUEST_HANDLERS,
  "machine.screenshot": (launcher, { id, maxWidth }) => launcher.screenshot(id, maxWidth),
};

function isKnown(method: string): method is HostMethod {
  return Object.hasOwn(HANDLERS, method);
}

function handleKnownRequest<M extends HostMethod>(
  launcher: Launcher,
  method: M,
  params: unknown,
): Promise<HostResult<M>> {
  // What the schema of this method lets through is its parameters.
  return HANDLERS[method](launcher, hostMethods[method].params.parse(params) as HostRequestParams<M>);
}

/** Answers one request of the server. @throws RequestError `METHOD_UNKNOWN` */
export function handleHostRequest(launcher: Launcher, method: string, params: unknown): Promise<unknown> {
  if (!isKnown(method)) {
    return Promise.reject(
      new RequestError("METHOD_UNKNOWN", `unknown method ${method}`, {
        safeMessage: "This host is older than the server and does not know that request. Update it.",
      }),
    );
  }
  return handleKnownRequest(launcher, method, params);
}
