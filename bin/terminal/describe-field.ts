/** Options of the command line by the API's field, where they are not just spelled otherwise. */
const OPTIONS: Readonly<Record<string, string>> = {
  memoryMb: "memory",
  diskGb: "disk",
  ttlSeconds: "ttl",
  lifetimeSeconds: "lifetime",
  seconds: "by",
};

/** A field of the API in the words of the command line: the option if it was given, else what it means. */
export function describeField(field: string, argv: readonly string[] = process.argv): string {
  const [name = ""] = field.split(".");
  const word = OPTIONS[name] ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  const option = `--${word}`;
  const isGiven = argv.some((arg) => arg === option || arg.startsWith(`${option}=`));
  return isGiven ? option : `the ${word.replaceAll("-", " ")}`;
}
