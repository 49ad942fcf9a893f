import { Agent } from "../bridge/agent.ts";
import { asOdnowaError } from "../bridge/error.ts";
import type { OdnowaError } from "../bridge/error.ts";
import type { Language } from "../bridge/messages.ts";
import type { Transport } from "../bridge/client.ts";
import type { Check } from "../bridge/types.gen.ts";
import { listedOrigins } from "../worker/listed.ts";
import { localService } from "../worker/local.ts";
import { nativeTransport } from "../worker/native.ts";
import { inTheNameOf } from "../worker/relay.ts";
import { serviceTransport, withFallback } from "../worker/service.ts";
import type { Way } from "../worker/service.ts";
import { openSite } from "./site.ts";

/** What the popup shows. */
export interface Status {
  /** The CA's website that is open, and whether it is the tab in front. */
  site: { origin: string; inFront: boolean } | undefined;
  listed: readonly string[];
  /** The administrator's policy has taken websites away. */
  isNarrowed: boolean;
  agent: AgentStatus | undefined;
}

export interface AgentStatus {
  /** How it was tried last. */
  way: Way;
  version?: string;
  failure?: OdnowaError;
  checks: readonly Check[];
}

/** Looks at everything once. Never fails: what can't be reached is an outcome. */
export async function look(language: Language): Promise<Status> {
  const listed = await listedOrigins();
  const site = await openSite(listed);
  // The agent wants to know for whom; a sandbox's list may have no exact origin to ask for.
  const origin = site?.origin ?? listed.find((entry) => !entry.endsWith(":*"));
  return {
    site,
    listed,
    isNarrowed: listed.length < ODNOWA_ORIGINS.length,
    agent: origin === undefined ? undefined : await askAgent(origin, language),
  };
}

async function askAgent(origin: string, language: Language): Promise<AgentStatus> {
  let way: Way = "native";
  const transport = () => withFallback(nativeTransport, () => serviceTransport(localService), (chosen) => (way = chosen));
  const agent = new Agent(() => named(transport(), origin), language);
  try {
    const { agent: { version } } = await agent.hello();
    const { checks } = await agent.diagnose();
    return { way, version, checks };
  } catch (thrown) {
    return { way, failure: asOdnowaError(thrown), checks: [] };
  } finally {
    agent.close();
  }
}

/** Speaks in the name of the site, as the worker does for its page. */
function named(transport: Transport, origin: string): Transport {
  return { ...transport, send: (message) => transport.send(inTheNameOf(origin, ODNOWA_VERSION, message)) };
}
