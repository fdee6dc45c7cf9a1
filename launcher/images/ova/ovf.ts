import { invalidOva } from "./tar.ts";

interface Tag {
  readonly name: string;
  readonly attributes: ReadonlyMap<string, string>;
}

const ENTITIES: Readonly<Record<string, string>> = { lt: "<", gt: ">", amp: "&", quot: '"', apos: "'" };

/**
 * The name of the one disk's file in an OVF descriptor: `<Disk fileRef="f"/>` and `<File id="f" href="x.vmdk"/>`.
 * @throws LaunchError `OVA_INVALID`
 */
export function findDiskFile(xml: string): string {
  // A document type could define entities that name files or expand without limit.
  if (/<!(?:DOCTYPE|ENTITY)/i.test(xml)) throw invalidOva("its descriptor has a document type");
  const tags = [...readTags(xml)];
  const disks = tags.filter(({ name, attributes }) => name === "Disk" && attributes.has("fileRef"));
  if (disks.length === 0) throw invalidOva("its descriptor names no disk with content");
  if (disks.length > 1) throw invalidOva("it has several disks. Import the one to start from by itself");
  const reference = disks[0]?.attributes.get("fileRef");
  const file = tags.find(({ name, attributes }) => name === "File" && attributes.get("id") === reference);
  const href = file?.attributes.get("href");
  if (file === undefined || href === undefined)
    throw invalidOva("its descriptor names a file that it does not describe");
  const compression = file.attributes.get("compression") ?? "identity";
  if (compression !== "identity" || file.attributes.has("chunkSize"))
    throw invalidOva("its disk is packed or cut in pieces. Export it without");
  return href;
}

/** Opening tags with their attributes; namespaces' prefixes are left out. */
function* readTags(xml: string): Generator<Tag> {
  const content = xml.replace(/<!--[\s\S]*?-->/g, "");
  for (const [, name = "", rest = ""] of content.matchAll(
    /<([A-Za-z_][\w.:-]*)((?:[^<>"']|"[^"]*"|'[^']*')*)>/g,
  )) {
    const attributes = new Map<string, string>();
    for (const [, key = "", double, single] of rest.matchAll(/([\w.:-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g))
      attributes.set(dropPrefix(key), decode(double ?? single ?? ""));
    yield { name: dropPrefix(name), attributes };
  }
}

function dropPrefix(name: string): string {
  return name.slice(name.indexOf(":") + 1);
}

function decode(text: string): string {
  return text.replace(/&(\w+);/g, (whole, name: string) => ENTITIES[name] ?? whole);
}
