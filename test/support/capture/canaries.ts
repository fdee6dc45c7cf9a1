/** Something that must not be found. */
export interface Canary {
  readonly what: string;
  readonly text: string;
  /** A whole number of digits; an IPv4 address, which has a binary form too; bytes, one in each character. A text otherwise. */
  readonly kind?: "number" | "address" | "bytes";
}

/** Every form in which it could hide: as it is, UTF-16, hex, base64 wherever it begins, and an address's four bytes. */
function listForms({ text, kind }: Canary): string[] {
  const bytes = Buffer.from(text, kind === "bytes" ? "latin1" : "utf8");
  const forms = [bytes, Buffer.from(text, "utf16le")].map((form) => form.toString("latin1"));
  forms.push(bytes.toString("hex"), ...[0, 1, 2].map((before) => cutBase64(bytes, before)));
  if (kind === "address") forms.push(Buffer.from(text.split(".").map(Number)).toString("latin1"));
  return forms;
}

/** The base64 of bytes behind so many others, without the letters that depend on its neighbours. */
function cutBase64(bytes: Buffer, before: number): string {
  const encoded = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
  return encoded.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
}

/** The canaries that are somewhere in these bytes, in whatever case. */
export function findCanaries(haystack: Buffer | string, canaries: readonly Canary[]): string[] {
  const text = (typeof haystack === "string" ? Buffer.from(haystack) : haystack)
    .toString("latin1")
    .toLowerCase();
  const isIn = (canary: Canary): boolean =>
    canary.kind === "number"
      ? new RegExp(`(?<![0-9.])${canary.text}(?![0-9])`).test(text)
      : listForms(canary).some((form) => text.includes(form.toLowerCase()));
  return canaries.filter(isIn).map(({ what, text }) => `${what} (${text})`);
}
