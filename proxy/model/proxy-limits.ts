/** Every limit of the proxy, in one place. Times in milliseconds, sizes in bytes. */
export const PROXY_LIMITS = {
  /** From accept to the end of the TLS handshake, absolute. */
  tlsHandshakeMs: 5_000,
  /** A connection that sends nothing for so long is taken for a viewer that waits for the server's ProtocolVersion. */
  viewerSilenceMs: 300,
  /** ProtocolVersion and security type, absolute; and again from SecurityResult to ClientInit. */
  rfbHandshakeMs: 10_000,
  /** A person types the token after the challenge has gone out. */
  tokenEntryMs: 60_000,
  /** An agent's proof, or the ticket of a data connection, absolute. */
  mipHandshakeMs: 5_000,
  /** From a Setup request to the data connection that answers it. */
  pairingMs: 10_000,
  /** The same where the VNC server may ask a person at the desktop, and the longest wait for ServerInit. */
  attendedMs: 70_000,
  /** Time for a refused viewer to read the reason before the connection is closed. */
  lingerMs: 1_000,
  /** Once one direction of a relay has ended, the other one is ended after so long without a byte. */
  halfCloseMs: 10_000,
  /** Open sessions are compared with the state so often: what ends one has to do so within 5 s. */
  sessionCheckMs: 2_000,
  /** Both ends of an open session are asked this often whether they are there. */
  sessionPingMs: 2_000,
  /** An agent that has not answered for so long: the pictures of its sessions are shown as outdated. */
  agentSilentMs: 4_000,
  /** A viewer's input is dropped once the viewer has not answered for so long: it must not take effect later. */
  inputFreshMs: 5_000,
  /** What is still open this long after `close()` is cut. */
  closeGraceMs: 1_000,
  /** TCP keep-alive begins after this silence. */
  keepAliveMs: 10_000,
  /** A viewer that says nothing for so long is looked at, if it was sent something: keep-alive stops while that is on its way. */
  viewerQuietMs: 10_000,
  /** Sent again so often without an acknowledgement, the viewer counts as lost: 13 s at the earliest. */
  viewerRetransmissions: 6,

  /** Connections that have not been identified yet: of one source, and of each kind. Fewer where the process may open few files. */
  preAuthPerSource: 256,
  preAuthConnecting: 2_048,
  preAuthViewers: 2_048,
  preAuthAgents: 2_048,
  /** A network with no more of them than this loses none that is younger than `preAuthSettleMs`. */
  preAuthSmallNetwork: 8,
  preAuthSettleMs: 1_000,
  /** What is left of `tokenEntryMs` when all slots of viewers are taken. */
  crowdedTokenEntryMs: 20_000,
  /** HTTP connections without a sign-in. Fewer where the process may open few files. */
  httpPerSource: 256,
  httpTotal: 4_096,
  /** For accepting new connections, in one turn of the event loop: running sessions wait so long at most. */
  acceptSliceMs: 2,

  /** The sign-in screen in a viewer: from its first picture, and without a key or a pointer. */
  promptMs: 600_000,
  promptIdleMs: 120_000,
  /** A desktop was chosen: the viewer asks for a picture within this time, or the session ends. */
  promptChangeMs: 10_000,
  /** What a viewer may send meanwhile, and the longest message of it that is read; the rest of a longer one is passed over. */
  promptBytes: 8_388_608,
  promptMessageBytes: 4_100,
  /** Two pictures of one sign-in screen are this far apart. */
  promptFrameMs: 25,
  /** For painting all sign-in screens, in one turn of the event loop. */
  promptSliceMs: 2,
  /** Sign-in screens at once: of one network, and in all. */
  promptsPerNetwork: 32,
  promptsTotal: 512,
  /** And of those who have not shown a password yet: they have screens, a time and tries of their own. */
  strangerPromptsPerNetwork: 16,
  strangerPromptsTotal: 256,
  promptNameMs: 180_000,
  promptTries: 5,
  /** And of those who have signed in and have no desktop yet: of one person, in all, and how long. */
  choosersPerPerson: 8,
  choosersTotal: 512,
  promptChooseMs: 300_000,
  /** The code for a second connection lasts so long; so many of one account are open. */
  handOverMs: 60_000,
  handOversPerAccount: 4,

  /** RSA operations that wait for the thread that does them: in all, and of one network. */
  rsaJobs: 512,
  rsaJobsPerNetwork: 32,

  proxyHeaderBytes: 4_096,
  rfbHandshakeBytes: 4_096,
  serverInitBytes: 16_384,
  mipHandshakeBytes: 16_384,
  /** One WebSocket message of an authenticated peer, in so many fragments and pieces; before that in so many. */
  webSocketMessageBytes: 1_048_576,
  webSocketFragments: 16_384,
  webSocketChunks: 65_536,
  preAuthFragments: 16,
  preAuthChunks: 64,
  /** A WebSocket carries a ping this often, so that nothing in between takes it for idle. */
  webSocketPingMs: 20_000,

  /** An agent that sends nothing for so long counts as gone; it is pinged every `agentPingMs`. */
  agentPingMs: 10_000,
  agentDeadMs: 30_000,
  /** Unsent bytes on a control connection: its agent has stopped reading. */
  agentBacklogBytes: 4_194_304,
  /** Frames of one agent in progress: with so many, its connection is not read. */
  agentFramesInProgress: 32,
  /** For the frames of all agents, in one turn of the event loop. */
  agentSliceMs: 2,
  /** Desktops of one agent that the database holds, withdrawn ones included. */
  agentDesktops: 1_000,
  /** A desktop that was gone for so long, and that no token or number leads to, is removed. */
  desktopMemoryMs: 604_800_000,
  /** Desktops that one clean-up removes. */
  desktopsForgotten: 500,
  /** Closed sessions older than this are deleted: the audit log keeps them. */
  sessionMemoryMs: 2_592_000_000,
  /** Closed sessions in the database; beyond these the oldest are deleted. */
  closedSessions: 10_000,
  /** Sessions that one statement deletes. */
  sessionsForgotten: 500,
  /** Spare data connections of one agent, and of all. */
  sparesPerAgent: 2,
  sparesTotal: 512,
  /** A spare is closed after this; within the last `pairingMs` before that it is not used any more. */
  spareLifeMs: 600_000,
  /** So long after a token or ticket was made or used, another viewer is likely. */
  spareLikelyMs: 300_000,
  /** A spare that was requested and has not arrived by then is requested again when it is needed. */
  spareAskMs: 10_000,
  /** A spare that was used is replaced after this, so that its viewer's first picture comes before. */
  spareReplaceMs: 25,
  /** How often the state is searched for revocations by other servers, and how far back, since clocks may differ. */
  revocationCheckMs: 2_000,
  revocationLookBackMs: 60_000,
  /** Who has not asked for so long whose rights were changed reads all rights again. */
  rightsMemoryMs: 600_000,
  hostRequestMs: 30_000,
  hostRequestsWaiting: 256,
  /** Agents that may come back at once, and per second from then on; the others are told when to come. */
  agentsAtOnce: 1_000,
  agentsPerSecond: 200,
  /** Agents come back within this time after a stop of the server; many of them within more, by `agentsPerSecond`. */
  drainSpreadMs: 2_000,

  /** MiP 1 agents that one peer may have connected. */
  mip1AgentsPerPeer: 1_000,
  /** A derived token lasts as long as its agent is connected, and so long at most. */
  mip1TokenMs: 31_536_000_000,
  /** A MiP 1 agent that was not seen for so long is forgotten: each job has an identifier of its own. */
  mip1MemoryMs: 86_400_000,
  /** Takeovers of one MiP 1 identifier that need not wait; from then on the wait doubles. */
  freeTakeovers: 3,
  firstTakeoverMs: 1_000,
  longestTakeoverMs: 300_000,
  /** After so long without a takeover an identifier's count is reset; until then takeovers are reported this often. */
  takeoverMemoryMs: 600_000,
  takeoverAgents: 10_000,

  /** Wrong tokens that cost a source nothing; from then on the wait doubles. */
  freeGuesses: 5,
  firstPenaltyMs: 1_000,
  longestPenaltyMs: 300_000,
  /** After so long without a guess a source's count is reset. */
  penaltyMemoryMs: 600_000,
  penaltySources: 10_000,
  /** Wrong tokens of all sources together: as many at once, and as many per second. */
  guessBurst: 300,
  guessesPerSecond: 5,
  /** And of one network. */
  networkGuessBurst: 60,
  networkGuessesPerSecond: 1,
  /** For so long after a right token its source may use a reserve as large as the common budget. */
  recentRightMs: 86_400_000,

  /** Comparisons that wait in the one scan: some two seconds. */
  scanBacklogTokens: 25_000_000,
  scanSliceMs: 0.5,
  /** Tokens between two looks at the clock. */
  scanStride: 500,
  /** Between two readings of the open tokens because of misses: so long, and so many times what a reading takes. */
  tokenReloadMs: 500,
  /** Tokens that are read in one turn of the event loop. */
  tokenReloadPage: 25,
  tokenReloadShare: 20,
  /** But no longer: whoever typed a wrong token waits for it, and a starved server reads slowly by the clock. */
  tokenReloadPauseMs: 10_000,

  /** Between two looks at the files of the site's certificate, and at the service CA. */
  certificateLookMs: 4_000,
  /** A server's own certificate under the service CA is reissued at this age; it is valid for 397 days. */
  leafRenewMs: 15_552_000_000,

  /** A shared database's time to accept a connection, and to answer a query; the interval of retries while it does not. */
  stateConnectMs: 3_000,
  stateQueryMs: 5_000,
  stateRetryMs: 1_000,

  ticketMs: 60_000,
  joinSecretMs: 3_600_000,
  sweepMs: 60_000,
  auditRetryMs: 1_000,
  /** Retry-after of a refusal because the audit log cannot be written. */
  auditUnavailableMs: 5_000,
  auditBacklogLines: 10_000,
  /** The audit log is signed this often while there is something new, and after so many lines at the latest. */
  auditCheckpointMs: 60_000,
  auditCheckpointLines: 1_000,
  /** A file of the audit log is rotated at this size. */
  auditFileBytes: 67_108_864,
  auditTextChars: 512,
  /** Repeated lines of one kind that are written within `repeatMs`: of one network, and in all. The others are counted. */
  repeatLines: 20,
  repeatLinesOfAll: 50,
  repeatMs: 10_000,
  /** Networks that are counted apart meanwhile, and those whose count gets a line of its own. */
  repeatNetworks: 10_000,
  repeatSummaries: 10,
  /** Free space on the disk below which refusals get no line, so that sessions have it; how often it is measured. */
  auditReserveBytes: 67_108_864,
  auditReserveLookMs: 5_000,
  /** Rows of one reading of the audit log. */
  auditRows: 1_000,
} as const;
