import { readFile } from "node:fs/promises";
import { z } from "zod";
import { ConfigError, describeError, imageSummary, imageEntryFields } from "../../../protocol/index.ts";

const packageName = z.string().regex(/^[a-z0-9][a-z0-9.+-]{1,99}$/);
/** A line of a file or a script: it cannot contain a line break. */
const line = z
  .string()
  .max(4096)
  .refine((text) => !/[\n\r\0]/.test(text), "one line, no line breaks");

/** How a bootable Debian image is made from packages; a file that an administrator may copy and change. */
export const recipeSchema = z
  .object({
    id: imageSummary.shape.id,
    title: imageEntryFields.title,
    description: imageEntryFields.description,
    /** Debian's release. */
    suite: z.string().regex(/^[a-z][a-z0-9-]{0,39}$/),
    components: z
      .array(z.string().regex(/^[a-z][a-z-]{0,39}$/))
      .min(1)
      .max(10),
    architecture: z.enum(["amd64"]),
    hostname: z.string().regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/),
    /** Of the whole disk. */
    sizeGb: z.number().int().min(2).max(2048),
    packages: z.array(packageName).min(1).max(2000),
    /** Kernel modules of the initial RAM disk: drivers of the root file system's possible devices. */
    initrdModules: z
      .array(z.string().regex(/^[a-z0-9_]{1,64}$/))
      .min(1)
      .max(200),
    kernelArguments: line.max(1024),
    /** Files of the image; they are there before the packages are installed. */
    files: z
      .array(
        z
          .object({
            path: z
              .string()
              .max(1024)
              .regex(/^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9@._][A-Za-z0-9@._:+-]*)+$/, "an absolute path"),
            mode: z
              .string()
              .regex(/^[0-7]{3}$/)
              .default("644"),
            lines: z.array(line).max(10_000),
          })
          .strict(),
      )
      .max(500)
      .default([]),
    /** Shell commands that run inside the image at the end, never on the host. */
    script: z.array(line).max(1000).default([]),
    /** Fields of the image's catalogue entry. */
    image: z
      .object({
        memoryMb: imageEntryFields.memoryMb,
        cpus: imageEntryFields.cpus,
        firmware: imageEntryFields.firmware,
        display: imageEntryFields.display,
        displays: imageEntryFields.displays,
        network: imageEntryFields.network,
        guest: imageEntryFields.guest,
        script: imageEntryFields.script,
      })
      .strict(),
  })
  .strict();
export type Recipe = z.infer<typeof recipeSchema>;

/** The recipes that come with Postern, by name. */
export const RECIPES = ["debian-desktop"] as const;

/**
 * Reads a built-in recipe by its name, or a file by its path.
 * @throws ConfigError `RECIPE_UNREADABLE`, `RECIPE_INVALID`
 */
export async function readRecipe(nameOrFile: string): Promise<Recipe> {
  const own = RECIPES.find((name) => name === nameOrFile);
  const file = own === undefined ? nameOrFile : new URL(`../recipes/${own}.json`, import.meta.url);
  let json: unknown;
  try {
    json = JSON.parse(await readFile(file, "utf8"));
  } catch (cause) {
    const text = `The recipe ${nameOrFile} cannot be read: ${describeError(cause)}. Recipes that come with Postern: ${RECIPES.join(", ")}.`;
    throw new ConfigError("RECIPE_UNREADABLE", text, { cause });
  }
  const result = recipeSchema.safeParse(json);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const where = issue && issue.path.length > 0 ? issue.path.join(".") : "the file";
  throw new ConfigError(
    "RECIPE_INVALID",
    `The recipe ${nameOrFile} is wrong at ${where}: ${issue?.message ?? ""}`,
  );
}
