import { hostMethods, RequestError, type HostMethod, type HostResult } from "../../protocol/index.ts";
import type { Launcher } from "./launcher.ts";

/** The parameters as the method's schema returns them: defaults are filled in. */
type HostRequestParams<M extends HostMethod> = ReturnType<(typeof hostMethods)[M]["params"]["parse"]>;

type HostRequestHandlers = {
  readonly [M in HostMethod]: (launcher: Launcher, params: HostRequestParams<M>) => Promise<HostResult<M>>;
};

/**
 * Every request that a server makes of a host: a schema in `protocol/mip2` and one row here. A missing row does not
 * compile.
 */
const HANDLERS: HostRequestHandlers = {
  "host.facts": (launcher) => launcher.facts(),

  "image.list": (launcher) => launcher.images(),
  "image.import": ({ incomingImages }, image) => incomingImages.start(image),
  "image.write": async ({ incomingImages }, { offset, data, ...version }) => ({
    bytes: await incomingImages.write(version, offset, Buffer.from(data, "base64")),
  }),
  "image.check": ({ incomingImages }, version) => incomingImages.check(version),

  "machine.list": (launcher) => Promise.resolve(launcher.machines()),
  "machine.create": (launcher, request) => launcher.create(request),
  "machine.start": (launcher, { id, dataDiskKnown }) => launcher.start(id, dataDiskKnown),
  "machine.stop": (launcher, { id, force }) => launcher.stop(id, force),
  "machine.pause": (launcher, { id }) => launcher.pause(id),
  "machine.resume": (launcher, { id }) => launcher.resume(id),
  "machine.reset": (launcher, { id }) => launcher.reset(id),
  "machine.keep": (launcher, { id }) => launcher.keep(id),
  "machine.save": (launcher, { id }) => launcher.save(id),
  "machine.boot-log": (launcher, { id }) => launcher.bootLog(id),
  "machine.credential": async (launcher, { id }) => ({ credential: await launcher.credential(id) }),
  "machine.screenshot": (launcher, { id, maxWidth }) => launcher.screenshot(id, maxWidth),
  "machine.snapshots": (launcher, { id }) => launcher.snapshots(id),
  "machine.snapshot": (launcher, { id, name }) => launcher.takeSnapshot(id, name),
  "machine.restore": (launcher, { id, name }) => launcher.restoreSnapshot(id, name),
  "machine.snapshot-remove": (launcher, { id, name }) => launcher.removeSnapshot(id, name),
  "machine.save-as-image": (launcher, { id, image, title, compress }) =>
    launcher.saveAsImage(id, { id: image, title, compress }),
  "machine.remove": (launcher, { id }) => acknowledge(launcher.remove(id)),

  "disk.list": ({ disks }) => disks.list(),
  "disk.remove": ({ disks }, ref) => acknowledge(disks.remove(ref)),
  "disk.export": ({ disks }, { journey, partner, ...ref }) =>
    disks.transfers.startExport(ref, journey, partner),
  "disk.read": async ({ disks }, { journey, offset }) => {
    const piece = await disks.transfers.read(journey, offset);
    return { data: piece.toString("base64") };
  },
  "disk.stay": ({ disks }, { journey }) => acknowledge(disks.transfers.stay(journey)),
  "disk.yield": ({ disks }, { journey }) => acknowledge(disks.transfers.yield(journey)),
  "disk.forget": ({ disks }, { journey }) => acknowledge(disks.transfers.forget(journey)),
  "disk.import": ({ disks }, copy) => disks.transfers.startImport(copy),
  "disk.write": async ({ disks }, { journey, offset, data }) => ({
    bytes: await disks.transfers.write(journey, offset, Buffer.from(data, "base64")),
  }),
  "disk.check": ({ disks }, { journey }) => disks.transfers.check(journey),
  "disk.settle": ({ disks }, { journey }) => acknowledge(disks.transfers.settle(journey)),
  "disk.drop": ({ disks }, { journey }) => acknowledge(disks.transfers.drop(journey)),
};

/** The empty result of a request that only does something. */
async function acknowledge(done: Promise<unknown>): Promise<Record<string, never>> {
  await done;
  return {};
}

function isKnown(method: string): method is HostMethod {
  return Object.hasOwn(HANDLERS, method);
}

function handleKnownRequest<M extends HostMethod>(
  launcher: Launcher,
  method: M,
  params: unknown,
): Promise<HostResult<M>> {
  // The schema's result type is the parameter type of this method; the compiler cannot link the two for a generic M.
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
