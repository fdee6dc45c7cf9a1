import type { Allowance } from "../../api/schemas.ts";
import { usePreferences, useText } from "../state/app-context.ts";
import { formatMemory } from "../text/format.ts";
import { computeAllowanceUsage, type RequestedResources } from "./allowance-usage.ts";

/** How much of the person's limits a machine uses; empty if there are no limits. */
export function AllowanceSummary({ allowance, taken }: { allowance: Allowance; taken: RequestedResources }) {
  const { order } = useText();
  const { language } = usePreferences();
  const parts = computeAllowanceUsage(allowance, taken);
  if (parts.length === 0) return null;
  const formatUsage = ({ what, used, most }: (typeof parts)[number]) => {
    if (what === "cpus") return order.cpusOf(used, most);
    if (what === "machines") return order.machinesOf(used, most);
    const [amount, limit] =
      what === "memoryMb"
        ? [formatMemory(used, language), formatMemory(most, language)]
        : [formatMemory(used * 1024, language), formatMemory(most * 1024, language)];
    return what === "memoryMb" ? order.memoryOf(amount, limit) : order.diskOf(amount, limit);
  };
  const over = parts.filter(({ used, most }) => used > most);
  const list = new Intl.ListFormat(language).format((over.length > 0 ? over : parts).map(formatUsage));
  return (
    <p class={over.length > 0 ? "allowance fault" : "allowance"}>
      {over.length > 0 ? order.tooMuch(list) : order.takes(list)}
    </p>
  );
}
