import { isPermission, PERMISSIONS, type Permission } from "../../protocol/index.ts";

/** Permissions as the database has them: names with commas between. */
export function packDenied(denied: readonly Permission[]): string {
  return PERMISSIONS.filter((permission) => denied.includes(permission)).join(",");
}

/** An unknown name denies all: it was written to deny something. */
export function unpackDenied(packed: string): readonly Permission[] {
  if (packed === "") return [];
  const names = packed.split(",");
  return names.every(isPermission) ? names : PERMISSIONS;
}
