/** What a host's administrator decides about boot scripts. */
export interface ScriptPolicy {
  /** Scripts that are given as paths lie in here. */
  readonly folder: string;
  /** `HOST` or `HOST:PORT` that URLs may name although they are this host or its neighbours. */
  readonly allowHosts: readonly string[];
  /** Whether virt-customize may reach the network, and with it whatever this host reaches. */
  readonly network: boolean;
}
