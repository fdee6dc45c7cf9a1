/** Entries are written alike on hosts and on servers; here under the names that hosts have for them. */
export {
  bootSource,
  diskFormat,
  imageCatalogue as catalogue,
  imageEntry,
  imageEntryFields,
  machineFirmware as firmware,
  type BootSource,
  type DiskFormat,
  type ImageCatalogueInput as CatalogueInput,
  type ImageEntry,
  type MachineFirmware as Firmware,
} from "../../protocol/index.ts";
