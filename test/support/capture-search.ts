/** Something that must not be found: a text, or a whole number of digits, or an IPv4 address, which has a binary form too. */
export interface Canary {
  readonly what: string;
  readonly text: string;
  readonly kind?: "number" | "address";
}

/** Every form in which a text could hide: any case, UTF-16, hex, base64 wherever it begins, and an address's four bytes. */
function listForms({ text, kind }: Canary): string[] {
  const forms = [
    text,
    ...(["utf16le", "hex"] as const).map((as) =>
      as === "hex" ? Buffer.from(text).toString(as) : Buffer.from(text, as).toString("latin1"),
    ),
  ];
  if (kind === undefined) forms.push(...[0, 1, 2].map((before) => cutBase64(text, before)));
  if (kind === "address") forms.push(Buffer.from(text.split(".").map(Number)).toString("latin1"));
  return forms;
}

/** The base64 of a text behind so many other bytes, without the letters that depend on its neighbours. */
function cutBase64(text: string, before: number): string {
  const encoded = Buffer.from(" ".repeat(before) + text).toString("base64");
  const start = Math.ceil((before * 8) / 6);
  return encoded.slice(start, Math.floor(((before + text.length) * 8) / 6));
}

/** The canaries that are somewhere in these bytes. */
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
