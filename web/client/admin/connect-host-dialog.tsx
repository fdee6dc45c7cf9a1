import { useEffect, useState } from "preact/hooks";
import type { Agent } from "../../api/schemas.ts";
import type { JoinSecret } from "../api/api-client.ts";
import { explainError } from "../text/explain-error.ts";
import { Choices } from "../components/choices.tsx";
import { CopyButton } from "../components/copy-button.tsx";
import { Dialog } from "../components/dialog.tsx";
import { useNow } from "../components/time.tsx";
import { useApp, usePreferences, useText, useWall } from "../state/app-context.ts";
import { formatDuration, formatExact, formatRelative } from "../text/format.ts";
import { buildHostCommand, buildJoinCommand, type HostKind } from "./host-commands.ts";

function HostList() {
  const { api } = useApp();
  const text = useText();
  const { host } = text;
  const { language } = usePreferences();
  const desktops = useWall((state) => state.desktops);
  const images = useWall((state) => state.images);
  const [agents, setAgents] = useState<readonly Agent[] | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  // A host that connects or disconnects changes the desktops or the images: reload the list then.
  useEffect(() => {
    api.agents().then(setAgents, () => undefined);
  }, [api, desktops, images]);
  if (agents === null) return null;
  const letIn = (id: string) => {
    api.allowHost(id).then(
      (changed) => {
        setAgents((known) => known?.map((agent) => (agent.id === id ? changed : agent)) ?? null);
        setFault(null);
      },
      (error: unknown) => setFault(explainError(error, text)),
    );
  };
  return (
    <section class="fact">
      <h3>{host.connected}</h3>
      {agents.length === 0 && <p class="fine">{host.none}</p>}
      <ul class="host-list">
        {agents.map((agent) => (
          <li key={agent.id} data-state={agent.state}>
            <span class="dot" aria-hidden="true" />
            <strong>{agent.name}</strong>
            <span>{agent.kind === "host" ? host.kindHost : host.kindAgent}</span>
            <span>{host[agent.state]}</span>
            {agent.state !== "online" && agent.lastSeenAt !== null && (
              <span title={formatExact(agent.lastSeenAt, language)}>
                {host.seen(formatRelative(agent.lastSeenAt, Date.now(), language))}
              </span>
            )}
            {isWaiting(agent) && (
              <>
                <span>{host.waits}</span>
                <button
                  type="button"
                  class="button"
                  aria-label={host.letInNamed(agent.name)}
                  onClick={() => letIn(agent.id)}
                >
                  {host.letIn}
                </button>
              </>
            )}
          </li>
        ))}
      </ul>
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
    </section>
  );
}

/** A host that gets no machines before an administrator lets it in. */
function isWaiting({ kind, admitted, state }: Agent): boolean {
  return kind === "host" && !admitted && state !== "revoked";
}

/** The two commands that connect a host, with all values that this service knows filled in. */
export function ConnectHostDialog({ onClose }: { readonly onClose: () => void }) {
  const { api } = useApp();
  const text = useText();
  const { language } = usePreferences();
  const service = useWall((state) => state.service);
  const now = useNow(1000);
  const [kind, setKind] = useState<HostKind>("publish");
  const [secret, setSecret] = useState<JoinSecret | null>(null);
  const [fault, setFault] = useState<string | null>(null);
  const { host } = text;

  const make = () => {
    const wanted = kind === "machines" ? ({ role: "host", admit: true } as const) : {};
    api.createJoinSecret(wanted).then(
      (made) => {
        setSecret(made);
        setFault(null);
      },
      (error: unknown) => setFault(explainError(error, text)),
    );
  };
  const alive = secret !== null && secret.expiresAt > now;
  const command =
    service !== null && secret !== null && alive ? buildHostCommand(kind, service, secret.secret) : null;

  return (
    <Dialog title={host.title} size="wide" onClose={onClose}>
      <p class="lead">{host.lead}</p>
      <Choices
        label={host.title}
        value={kind}
        options={{ publish: host.publish, machines: host.machines }}
        onChoose={(chosen) => {
          setKind(chosen);
          // A secret is for one of the two.
          if (chosen !== kind) setSecret(null);
        }}
      />
      <p>{kind === "publish" ? host.publishLead : host.machinesLead}</p>
      {command === null && (
        <div class="make-secret">
          <button type="button" class="button primary" onClick={make}>
            {host.make}
          </button>
          <p class="fine">{secret !== null && !alive ? host.expired : host.makeLead}</p>
        </div>
      )}
      {fault !== null && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {command !== null && secret !== null && (
        <section class="fact">
          <h3>{host.run}</h3>
          <div class="command">
            <pre>
              <code>{command}</code>
            </pre>
            <CopyButton value={command} label={text.copy} />
          </div>
          <p class="fine">
            {kind === "publish" ? host.runHint : host.runMachinesHint}{" "}
            {host.expires(formatDuration(secret.expiresAt - now, language))}
          </p>
        </section>
      )}
      {service !== null && service.joinCommand !== null && (
        <section class="fact">
          <h3>{host.onServer}</h3>
          <div class="fact-row">
            <code>{buildJoinCommand(kind, service.joinCommand)}</code>
            <CopyButton value={buildJoinCommand(kind, service.joinCommand)} label={text.copy} />
          </div>
        </section>
      )}
      {service !== null && (
        <section class="fact">
          <h3>{host.fingerprint}</h3>
          <div class="fact-row">
            <code class="fingerprint">{service.fingerprint}</code>
            <CopyButton value={service.fingerprint} label={text.copy} />
          </div>
          <p class="fine">{host.fingerprintHint}</p>
        </section>
      )}
      <HostList />
    </Dialog>
  );
}
