import { useState } from "preact/hooks";
import { explainError } from "../api/api-error.ts";
import { Dialog } from "../parts/dialog.tsx";
import { PickField } from "../parts/field.tsx";
import { useApp, usePreferences, useText, useWall } from "../state/context.ts";
import { formatDuration, formatMemory } from "../text/format.ts";
import { AdvancedFold } from "./advanced-fold.tsx";
import { AllowanceLine } from "./allowance-line.tsx";
import { CustomFold } from "./custom-fold.tsx";
import { ImageCards } from "./image-cards.tsx";
import { isTooMuch } from "./measure.ts";
import { SizeCards, type SizeChoice } from "./size-cards.tsx";
import { checkCustom, deriveSizes, type CustomOrder } from "./sizes.ts";
import { useAllowance } from "./use-allowance.ts";
import { checkWishes, lifetimesFor, NO_WISHES, orderWishes, type Wishes } from "./wishes.ts";

function NoImages() {
  const { create } = useText();
  const admin = useWall((state) => typeof state.who === "object" && state.who?.role === "admin");
  return (
    <p class="panel-empty">
      {create.none} {admin ? create.noneAdmin : create.noneUser}
    </p>
  );
}

export function CreatePanel({ onClose }: { readonly onClose: () => void }) {
  const { api, wall } = useApp();
  const text = useText();
  const { language } = usePreferences();
  const images = useWall((state) => state.images);
  const allowance = useAllowance();
  const [imageId, setImageId] = useState<string | null>(null);
  const [choice, setChoice] = useState<SizeChoice | null>(null);
  const [custom, setCustom] = useState<CustomOrder | null>(null);
  const [wishes, setWishes] = useState<Wishes>(NO_WISHES);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);

  const usable = images.filter((image) => image.available);
  const offered = [...usable, ...images.filter((image) => !image.available)];
  const image = usable.find(({ id }) => id === imageId) ?? usable[0];
  const sizes = image === undefined ? [] : deriveSizes(image);
  const suggested = sizes.find((size) => size.recommended) ?? sizes[0];
  const picked = choice ?? suggested?.name ?? "small";
  const isCustom = picked === "custom";
  const size = sizes.find(({ name }) => name === picked) ?? suggested;
  const own: CustomOrder = custom ?? {
    cpus: String(suggested?.cpus ?? 1),
    memoryMb: String(suggested?.memoryMb ?? 1024),
    name: "",
  };
  const customFaults = image !== undefined && isCustom ? checkCustom(own, image) : [];
  const wishFaults = image === undefined ? [] : checkWishes(wishes, image);
  const wrong = customFaults.length + wishFaults.length > 0;
  const cpus = isCustom ? Number(own.cpus) : (size?.cpus ?? 1);
  const memoryMb = isCustom ? Number(own.memoryMb) : (size?.memoryMb ?? 0);
  const taken = { cpus, memoryMb, diskGb: Number(wishes.diskGb || (image?.diskGb?.default ?? 0)) };
  const tooMuch = !wrong && isTooMuch(allowance, taken);
  const lifetimes = lifetimesFor(allowance?.limits.lifetimeSeconds ?? null);
  const lifetime = wishes.lifetime || String(lifetimes.at(-1) ?? "");

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
        ...orderWishes(wishes, image),
      })
      .then(
        (machine) => {
          wall.dispatch({ type: "answer", machine });
          onClose();
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
            setWishes({ ...NO_WISHES, lifetime: wishes.lifetime });
          }}
        />
        <fieldset>
          <legend>{create.size}</legend>
          <SizeCards sizes={sizes} picked={picked} onPick={setChoice} />
          {isCustom && (
            <CustomFold
              image={image}
              order={own}
              faults={customFaults}
              onChange={(changed) => {
                setCustom(changed);
                setFault(null);
              }}
            />
          )}
        </fieldset>
        <div class="lifetime">
          <PickField
            label={order.lifetime}
            value={lifetime}
            options={lifetimes.map((seconds) => ({
              value: String(seconds ?? ""),
              label: seconds === null ? order.noEnd : formatDuration(seconds * 1000, language),
            }))}
            onPick={(picked) => setWishes({ ...wishes, lifetime: picked })}
          />
        </div>
        <AdvancedFold
          image={image}
          allowance={allowance}
          wishes={wishes}
          faults={wishFaults}
          onChange={(change) => {
            setWishes({ ...wishes, ...change });
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
            {!wrong && allowance !== null && <AllowanceLine allowance={allowance} taken={taken} />}
          </div>
          <button type="submit" class="button primary large" disabled={wrong || tooMuch || busy}>
            {busy ? create.working : create.submit}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
