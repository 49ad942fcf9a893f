/** What build.mjs fills in for one CA. */

/** Origins of the CA's portal; a port of `*` stands for any (sandboxes). */
declare const ODNOWA_ORIGINS: readonly string[];
/** The extension's version, as in the manifest. */
declare const ODNOWA_VERSION: string;
/** The port of the agent's loopback WebSocket. */
declare const ODNOWA_AGENT_PORT: number;
/** Whether the wizard's shadow root is open, for tests that look into it; closed in what is shipped. */
declare const ODNOWA_TEST_ONLY_OPEN_SHADOW: boolean;
