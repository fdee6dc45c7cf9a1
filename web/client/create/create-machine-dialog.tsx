import { useState } from "preact/hooks";
import { explainError } from "../text/explain-error.ts";
import { Dialog } from "../components/dialog.tsx";
import { SelectField } from "../components/fields.tsx";
import { useApp, usePreferences, useText, useWall } from "../state/app-context.ts";
import { usePower } from "../state/use-power.ts";
import { formatDuration, formatMemory } from "../text/format.ts";
import { AdvancedOptionsFields } from "./advanced-options-fields.tsx";
import { AllowanceSummary } from "./allowance-summary.tsx";
import { CustomSizeFields } from "./custom-size-fields.tsx";
import { ImageCards } from "./image-cards.tsx";
import { exceedsAllowance } from "./allowance-usage.ts";
import { SizeCards, type SizeChoice } from "./size-cards.tsx";
import { checkCustomSize, deriveMachineSizes, type CustomSizeInput } from "./sizes.ts";
import { useAllowance } from "./use-allowance.ts";
import {
  checkAdvancedOptions,
  listLifetimes,
  DEFAULT_OPTIONS,
  toCreateInput,
  type AdvancedOptions,
} from "./advanced-options.ts";

function NoImages() {
  const { create } = useText();
  const operates = usePower("operate");
  return (
    <p class="panel-empty">
      {create.none} {operates ? create.noneAdmin : create.noneUser}
    </p>
  );
}

export function CreateMachineDialog({ onClose }: { readonly onClose: () => void }) {
  const { api, wall } = useApp();
  const text = useText();
  const { language } = usePreferences();
  const images = useWall((state) => state.images);
  const allowance = useAllowance();
  const [imageId, setImageId] = useState<string | null>(null);
  const [choice, setChoice] = useState<SizeChoice | null>(null);
  const [custom, setCustom] = useState<CustomSizeInput | null>(null);
  const [options, setOptions] = useState<AdvancedOptions>(DEFAULT_OPTIONS);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  const usable = images.filter((image) => image.available);
  const offered = [...usable, ...images.filter((image) => !image.available)];
  const image = usable.find(({ id }) => id === imageId) ?? usable[0];
  const sizes = image === undefined ? [] : deriveMachineSizes(image);
  const suggested = sizes.find((size) => size.recommended) ?? sizes[0];
  const picked = choice ?? suggested?.name ?? "small";
  const isCustom = picked === "custom";
  const size = sizes.find(({ name }) => name === picked) ?? suggested;
  const own: CustomSizeInput = custom ?? {
    cpus: String(suggested?.cpus ?? 1),
    memoryMb: String(suggested?.memoryMb ?? 1024),
    name: "",
  };
  const customFaults = image !== undefined && isCustom ? checkCustomSize(own, image) : [];
  const optionFaults = image === undefined ? [] : checkAdvancedOptions(options, image);
  const wrong = customFaults.length + optionFaults.length > 0;
  const cpus = isCustom ? Number(own.cpus) : (size?.cpus ?? 1);
  const memoryMb = isCustom ? Number(own.memoryMb) : (size?.memoryMb ?? 0);
  const taken = { cpus, memoryMb, diskGb: Number(options.diskGb || (image?.diskGb?.default ?? 0)) };
  const tooMuch = !wrong && exceedsAllowance(allowance, taken);
  const lifetimes = listLifetimes(allowance?.limits.lifetimeSeconds ?? null);
  const lifetime = options.lifetime || String(lifetimes.at(-1) ?? "");

  const submit = (event: Event) => {
    event.preventDefault();
    if (image === undefined || size === undefined || wrong || tooMuch || busy) return;
    const name = isCustom ? own.name.trim() : "";
    setBusy(true);
    setFault(null);
    api
      .createMachine({
        image: image.id,
        cpus,
        memoryMb,
        ...(name && { name }),
        ...toCreateInput(options, image),
      })
      .then(
        (machine) => {
          wall.dispatch({ type: "machineResponse", machine });
          onClose();
          // The button that opened the dialog may be gone with the empty wall.
          window.requestAnimationFrame(() => {
            const card = document.querySelector<HTMLElement>(`[data-machine="${CSS.escape(machine.id)}"]`);
            card?.querySelector<HTMLElement>("[data-step], .actions a, .actions button")?.focus();
          });
        },
        (error: unknown) => {
          setBusy(false);
          setFault(explainError(error, text));
        },
      );
  };

  const { create, monitor, order } = text;
  if (images.length === 0 || image === undefined)
    return (
      <Dialog title={create.title} size="wide" onClose={onClose}>
        {images.length === 0 ? (
          <NoImages />
        ) : (
          <form class="panel">
            <ImageCards images={offered} chosenId={undefined} onChoose={setImageId} />
          </form>
        )}
      </Dialog>
    );
  return (
    <Dialog title={create.title} size="wide" onClose={onClose}>
      <form class="panel" onSubmit={submit}>
        <ImageCards
          images={offered}
          chosenId={image.id}
          onChoose={(id) => {
            setImageId(id);
            setCustom(null);
            setOptions({ ...DEFAULT_OPTIONS, lifetime: options.lifetime });
          }}
        />
        <fieldset>
          <legend>{create.size}</legend>
          <SizeCards sizes={sizes} picked={picked} onPick={setChoice} />
          {isCustom && (
            <CustomSizeFields
              image={image}
              input={own}
              faults={customFaults}
              onChange={(changed) => {
                setCustom(changed);
                setFault(null);
              }}
            />
          )}
        </fieldset>
        <div class="lifetime">
          <SelectField
            label={order.lifetime}
            value={lifetime}
            options={lifetimes.map((seconds) => ({
              value: String(seconds ?? ""),
              label: seconds === null ? order.noEnd : formatDuration(seconds * 1000, language),
            }))}
            onSelect={(picked) => setOptions({ ...options, lifetime: picked })}
          />
        </div>
        <AdvancedOptionsFields
          image={image}
          allowance={allowance}
          options={options}
          faults={optionFaults}
          onChange={(change) => {
            setOptions({ ...options, ...change });
            setFault(null);
          }}
        />
        {fault !== null && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <div class="panel-foot">
          <div class="panel-summary" aria-live="polite">
            {!wrong && (
              <p>{create.summary(image.title, monitor.cpus(cpus), formatMemory(memoryMb, language))}</p>
            )}
            {!wrong && allowance !== null && <AllowanceSummary allowance={allowance} taken={taken} />}
          </div>
          <button type="submit" class="button primary large" disabled={wrong || tooMuch || busy}>
            {busy ? create.working : create.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
